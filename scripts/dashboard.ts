/** `npm run dashboard`: prints the Grafana dashboard, for users who import JSON. */
import { dashboard } from '../lib/charts/monitoring/dashboard';
import { offerHelp } from './terminal';

offerHelp(`npm run -s dashboard > onprem-link.json: prints the Grafana dashboard, for you to import

If your Grafana runs the sidecar of its Helm chart, new Monitoring(site, 'monitoring', { dashboard: true }) needs no import.
`);
console.log(JSON.stringify(dashboard('onprem-link', { probes: true, servers: true }), null, 2));
