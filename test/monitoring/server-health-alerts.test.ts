import { ExternalService, Monitoring, NodeRoutes } from '../../lib/charts';
import { manifestsOf, siteWithNetwork } from '../fixtures/charts';
import { describePromtool, type Figures, firingOf, promtool } from './promtool';

jest.setTimeout(30_000);

const { site, network } = siteWithNetwork();
new NodeRoutes(site, 'node-routes');
const monitoring = new Monitoring(site, 'monitoring');
const servers = network.servers('192.168.0.10', '192.168.0.11');
new ExternalService(site, 'orders', { namespace: 'shop', servers, ports: { http: 80 }, health: { tcp: true } });
const [podMonitor, rule] = manifestsOf(monitoring) as unknown as {
  spec: { groups: { rules: { alert: string }[] }[] };
}[];
const rules = (rule?.spec.groups ?? []).flatMap((group) => group.rules);
const groups = { groups: [{ name: 'onprem-link', rules: rules.filter(({ alert }) => /Server|Health/.test(alert)) }] };

const POD = (name: string) =>
  `job="onprem-link/onprem-link", namespace="onprem-link-health", pod="${name}", pool="server-health"`;
const [LEADER, STANDBY] = [POD('a'), POD('b')];
const SERVICE = 'service_namespace="shop", service="orders"';
const SERVER = `${SERVICE}, server="192.168.0.10", real="192.168.0.10"`;
const of =
  (pod: string) =>
  (metric: string, labels = '') =>
    `onprem_link_health_${metric}{${pod}${labels && `, ${labels}`}}`;
const [leader, standby] = [of(LEADER), of(STANDBY)];

const wellOf = (own: typeof leader, leads: number): Figures => ({
  [own('leader')]: `${leads}x60`,
  [own('list_accepted')]: '1x60',
  [own('watch_connected')]: '1x60',
  [own('everything_down')]: '0x60',
  [own('service_mode', `${SERVICE}, mode="panic"`)]: '0x60',
  [own('server_state', `${SERVER}, state="down"`)]: '0x60',
  [own('server_state', `${SERVER}, state="up"`)]: '1x60',
  [own('server_transitions_total', SERVER)]: '0x60',
  [own('server_probes_total', SERVER)]: '0+6x60',
  [own('server_repeats_total', SERVER)]: '0x60',
});
const WELL = { ...wellOf(leader, 1), ...wellOf(standby, 0) };
const firing = (minutes: number, figures: Figures) => firingOf(groups, minutes, { ...WELL, ...figures });

test('one PodMonitor covers the agents and the server health program', () => {
  expect(podMonitor).toMatchObject({
    spec: {
      namespaceSelector: { matchNames: ['onprem-link', 'onprem-link-health'] },
      selector: {
        matchLabels: { 'app.kubernetes.io/part-of': 'onprem-link' },
        matchExpressions: [
          { key: 'app.kubernetes.io/component', operator: 'In', values: ['route-agent', 'server-health'] },
        ],
      },
    },
  });
});

describePromtool('promtool', () => {
  test('accepts the rules', () => {
    const { status, output } = promtool(['check', 'rules', '--lint=all', '--lint-fatal', 'rules.yml'], {
      'rules.yml': groups,
    });
    expect([status, output]).toEqual([0, expect.stringContaining('SUCCESS: 7 rules found')]);
  });

  test('no alert fires if all servers answer', () => expect(firing(30, {})).toEqual([]));

  test.each<[string, number, number, Figures]>([
    ['OnpremLinkServersAllDown', 0, 2, { [leader('service_mode', `${SERVICE}, mode="panic"`)]: '1x60' }],
    [
      'OnpremLinkServersUnreachable',
      0,
      2,
      { [leader('everything_down')]: '1x60', [standby('everything_down')]: '1x60' },
    ],
    ['OnpremLinkServerDown', 9, 11, { [leader('server_state', `${SERVER}, state="down"`)]: '1x60' }],
    ['OnpremLinkServerFlapping', 1, 12, { [leader('server_transitions_total', SERVER)]: '0x2 2 4 6 8x56' }],
    ['OnpremLinkServerLossy', 9, 14, { [leader('server_repeats_total', SERVER)]: '0+6x60' }],
    ['OnpremLinkHealthWithoutLeader', 1, 3, { [leader('leader')]: '0x60' }],
    ['OnpremLinkHealthListRejected', 1, 3, { [standby('list_accepted')]: '0x60' }],
  ])('%s fires as the only alert: not yet after %i minutes, but after %i', (name, before, after, figures) => {
    expect(firing(before, figures)).toEqual([]);
    expect(firing(after, figures)).toEqual([name]);
  });

  test('states that only the standby reports fire no alert', () => {
    const seen = {
      [standby('service_mode', `${SERVICE}, mode="panic"`)]: '1x60',
      [standby('server_state', `${SERVER}, state="down"`)]: '1x60',
      [standby('everything_down')]: '1x60',
    };
    expect(firing(30, seen)).toEqual([]);
  });

  test('if the program does not run at all, OnpremLinkHealthWithoutLeader fires', () => {
    expect(firing(10, Object.fromEntries(Object.keys(WELL).map((name) => [name, undefined])))).toEqual([
      'OnpremLinkHealthWithoutLeader',
    ]);
  });
});
