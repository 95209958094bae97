import { metricsText } from '../lib/agent/report/metrics';
import { TROUBLES } from '../lib/agent/report/status';
import { Monitoring, NodeRoutes } from '../lib/charts';
import { fleetTable, readMetrics, TROUBLE_TEXTS } from '../lib/review';
import { facts, outcome, verdict } from './agent/facts';
import { hop, subnet } from './agent/ip';
import { manifestsOf, siteWithNetwork } from './fixtures/charts';

/** What others count on of what the agent tells: the one test that sees both sides. */

/** Metrics that are not the agent's: Prometheus' own, and kube-state-metrics' (docs/metrics/workload in its repository). */
const OTHERS = ['up', 'kube_daemonset_status_desired_number_scheduled'];
/** What in an expression is followed or preceded by a name without being one. */
const WORDS = /^(?:and|or|unless|on|by|max|count|sum|rate|increase|absent|vector)$/;

interface Rule {
  readonly alert: string;
  readonly expr: string;
}

function rules(): Rule[] {
  const { site } = siteWithNetwork();
  new NodeRoutes(site, 'node-routes');
  const [, rule] = manifestsOf(new Monitoring(site, 'monitoring')) as unknown as {
    spec: { groups: { rules: Rule[] }[] };
  }[];
  return (rule?.spec.groups ?? []).flatMap((group) => group.rules);
}

/** The agent's samples, `name{labels}`, on a node that has something of everything. */
const samples = metricsText(facts())
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'));
const exported = new Set(samples.map((line) => line.split(/[{ ]/)[0] as string));

/** Metrics that an expression names. */
function metricsIn(expr: string): string[] {
  const bare = expr
    .replace(/"[^"]*"/g, '')
    .replace(/\{[^}]*\}/g, '')
    .replace(/\[[^\]]*\]/g, '');
  return [...bare.matchAll(/[a-z_]+/g)].map(([name]) => name).filter((name) => !WORDS.test(name));
}

test.each(rules().map(({ alert, expr }) => [alert, expr] as const))('%s names only what is exported', (_, expr) => {
  const names = metricsIn(expr);
  expect(names.length).toBeGreaterThan(0);
  for (const name of names) expect([name, exported.has(name) || OTHERS.includes(name)]).toEqual([name, true]);
  for (const [, name, state] of expr.matchAll(/(\w+)\{[^}]*state="([\w-]+)"/g))
    expect(samples.some((sample) => sample.startsWith(`${name}{state="${state}"}`))).toBe(true);
});

test('a name that is not exported would be found', () => {
  expect(metricsIn('sum by (node) (rate(onprem_link_nonsense{a="b"}[5m])) > 0')).toContain('onprem_link_nonsense');
  expect(exported.has('onprem_link_nonsense')).toBe(false);
});

test('the table of all nodes understands what an agent says', () => {
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
0 of 1 node ready
`,
  );
});

test('each word for why a node is not ready has a text', () => {
  expect(Object.keys(TROUBLE_TEXTS).sort()).toEqual(TROUBLES.filter((word) => word !== 'routes').sort());
});
