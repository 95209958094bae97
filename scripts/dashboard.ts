/** `npm run dashboard`: the dashboard for Grafana, for those who import JSON. */
import { dashboard } from '../lib/charts/monitoring/dashboard';
import { offerHelp } from './terminal';

offerHelp(`npm run -s dashboard > onprem-link.json: prints the dashboard for Grafana, to be imported there

With the sidecar of Grafana's Helm chart, new Monitoring(site, 'monitoring', { dashboard: true }) needs no import.
`);
console.log(JSON.stringify(dashboard('onprem-link', { probes: true, servers: true }), null, 2));
