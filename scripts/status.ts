/** `npm run status`: shows the reports of all agents of a cluster on one screen. */
import { parseArgs } from 'node:util';
import { areServersHealthy, fleetTable, isFleetReady, serverHealthLines } from '../lib/review';
import { askFleet } from './fleet';
import { kubectlWith } from './kubectl';
import { endWithReader } from './terminal';
import { callOf } from './words';

const HELP = `${callOf('status')} [options]: what all agents of a cluster report, with identical nodes on one line

  --context NAME, --kubeconfig FILE   as for kubectl
  -n, --namespace NAME                one namespace only     (default: all)
  --all                               all lines, even if they exceed the screen
  --json                              what every agent reported
  -h, --help                          this text

It reads the agents' metrics through the API server's pod proxy. This needs the rights to list pods and
daemonsets, and to get pods/proxy.
Exit code: 0 all nodes are ready and Services have servers that answer, 1 some are not, 2 the cluster cannot be reached.
`;

const OPTIONS = {
  context: { type: 'string' },
  kubeconfig: { type: 'string' },
  namespace: { type: 'string', short: 'n' },
  all: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

endWithReader();
main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: Error) => {
    console.error(error.message);
    process.exitCode = 2;
  },
);

async function main(): Promise<number> {
  const { values } = parseArgs({ options: OPTIONS });
  const { context, kubeconfig, namespace } = values;
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const options = [
    ...(context === undefined ? [] : [`--context=${context}`]),
    ...(kubeconfig === undefined ? [] : [`--kubeconfig=${kubeconfig}`]),
  ];
  const command = ['kubectl', ...options].join(' ');
  const scope = namespace === undefined ? ['--all-namespaces'] : [`--namespace=${namespace}`];
  const fleet = await askFleet(kubectlWith(options), scope, command);
  if (fleet.answers.length === 0 && fleet.missing.length === 0) throw new Error('there is no agent in this cluster');
  if (values.json) console.log(JSON.stringify(fleet, null, 2));
  else {
    process.stdout.write(fleetTable(fleet.answers, fleet.missing, screen(values.all), command));
    for (const text of serverHealthLines(fleet.health)) console.log(text);
  }
  return isFleetReady(fleet.answers, fleet.missing) && areServersHealthy(fleet.health) ? 0 : 1;
}

function screen(isAll: boolean) {
  const { columns = 160, rows = 40, isTTY = false } = process.stdout;
  const isColoured = isTTY && (process.env.NO_COLOR ?? '') === '' && process.env.TERM !== 'dumb';
  return {
    columns: isAll && !isTTY ? Number.POSITIVE_INFINITY : columns,
    rows: isAll ? Number.POSITIVE_INFINITY : rows,
    isColoured,
  };
}
