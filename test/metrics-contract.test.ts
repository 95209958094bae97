import { metricsText } from '../lib/agent/report/metrics';
import { TROUBLES } from '../lib/agent/report/readiness';
import { ExternalService, Monitoring, NodeRoutes } from '../lib/charts';
import { formatHealthList } from '../lib/network';
import { metricsPage } from '../lib/program/metrics-text';
import { fleetTable, readMetrics, TROUBLE_TEXTS } from '../lib/review';
import { Controller } from '../lib/servers/controller';
import { metricsOf } from '../lib/servers/pages';
import { facts, outcome, verdict } from './agent/facts';
import { hop, subnet } from './agent/ip';
import { manifestsOf, siteWithNetwork } from './fixtures/charts';
import { MemoryObjects } from './servers/memory-objects';
import { SERVICE } from './servers/service';

/** Compares the metrics that alerts and tables use with those that the programs export. No other test imports both sides. */

/** Metrics of Prometheus itself and of kube-state-metrics (docs/metrics/workload in its repository). */
const OTHERS = ['up', 'kube_daemonset_status_desired_number_scheduled'];
/** Words in an expression that are not metric names. */
const WORDS = /^(?:and|or|unless|min|max|count|sum|rate|increase|absent|vector)$/;

interface Rule {
  readonly alert: string;
  readonly expr: string;
}

function rules(): Rule[] {
  const { site, network } = siteWithNetwork();
  new NodeRoutes(site, 'node-routes');
  const servers = network.servers('192.168.0.10');
  const health = { tcp: true } as const;
  new ExternalService(site, 'orders', { namespace: 'shop', servers, ports: { http: 80 }, health });
  const [, rule] = manifestsOf(new Monitoring(site, 'monitoring')) as unknown as {
    spec: { groups: { rules: Rule[] }[] };
  }[];
  return (rule?.spec.groups ?? []).flatMap((group) => group.rules);
}

/** The metrics of the server health program, with one Service. */
function healthMetrics(): string {
  const options = { namespace: 'health', lease: 'a', standbyLease: 'b', me: 'pod_x', podName: 'pod' };
  const rim = {
    objects: new MemoryObjects(),
    ask: async () => ({ attempts: 1, result: { ok: true as const, milliseconds: 1 } }),
    clock: { now: () => 0, date: () => new Date(0) },
    log: () => undefined,
  };
  const controller = new Controller(options, rim);
  controller.onConfigMap({ kind: 'present', version: '1', data: formatHealthList([SERVICE], () => 'x') });
  const page = metricsPage(metricsOf(controller));
  void controller.stop();
  return page;
}

/** The programs' samples as `name{labels}`, with every kind of value. */
const samples = `${metricsText(facts())}\n${healthMetrics()}`
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'));
const exported = new Set(samples.map((line) => line.split(/[{ ]/)[0] as string));

/** The metrics that an expression names. */
function metricsIn(expr: string): string[] {
  const bare = expr
    .replace(/"[^"]*"/g, '')
    .replace(/\{[^}]*\}/g, '')
    .replace(/\[[^\]]*\]/g, '')
    .replace(/\b(?:on|by)\s*\([^)]*\)/g, '');
  return [...bare.matchAll(/[a-z_]+/g)].map(([name]) => name).filter((name) => !WORDS.test(name));
}

test.each(rules().map(({ alert, expr }) => [alert, expr] as const))('%s uses only exported metrics', (_, expr) => {
  const names = metricsIn(expr);
  expect(names.length).toBeGreaterThan(0);
  for (const name of names) expect([name, exported.has(name) || OTHERS.includes(name)]).toEqual([name, true]);
  // Labels with states too: an alert for a state that no program exports would never fire.
  for (const [, name, label] of expr.matchAll(/(\w+)\{[^}]*((?:state|mode)="[\w-]+")/g))
    expect([label, samples.some((sample) => sample.startsWith(`${name}{`) && sample.includes(`${label}}`))]).toEqual([
      label,
      true,
    ]);
});

test('a metric that is not exported would be found', () => {
  expect(metricsIn('sum by (node) (rate(onprem_link_nonsense{a="b"}[5m])) > 0')).toContain('onprem_link_nonsense');
  expect(exported.has('onprem_link_nonsense')).toBe(false);
});

test('the fleet table shows the values that an agent exports', () => {
  const given = facts({
    nextHops: [
      { nextHop: '10.184.0.1', interface: 'priv', state: 'up', seconds: 60 },
      { nextHop: '10.184.0.3', interface: 'priv', state: 'down', seconds: 7 },
    ],
    outcome: {
      ...outcome(verdict('192.168.0.0/24'), verdict('192.168.1.0/24', 'conflicting', 'proto boot')),
      privateNetworks: new Map([
        [4, { state: 'found', network: subnet('10.0.0.0/8'), hops: [hop('via 10.184.0.1 dev priv')] }],
      ]),
    },
  });
  const status = readMetrics(metricsText(given));
  const screen = { columns: 200, rows: 40, isColoured: false };
  expect(
    fleetTable([{ node: 'worker-1', pool: 'node-routes', namespace: 'onprem-link', pod: 'a', status }], [], screen),
  ).toBe(
    `NODES  READY  ROUTES  PODS       CONFLICTS  NEXT HOP                              DROPS  POOL         NODE
1      NO     1/2     effective  1          10.184.0.1 dev priv, 10.184.0.3 down  7      node-routes  worker-1
       routes: 1 conflicting
details: kubectl -n onprem-link exec a -- node /opt/onprem-link/agent.cjs status
1 of 1 node reaches datacentre
0 of 1 node ready
`,
  );
});

test('every reason why a node is not ready has a text', () => {
  expect(Object.keys(TROUBLE_TEXTS).sort()).toEqual(TROUBLES.filter((word) => word !== 'routes').sort());
});
