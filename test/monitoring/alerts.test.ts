import { Monitoring, NodeRoutes } from '../../lib/charts';
import { manifestsOf, siteWithNetwork } from '../fixtures/charts';
import { describePromtool, type Figures, firingOf, promtool } from './promtool';

jest.setTimeout(30_000);

const { site } = siteWithNetwork();
new NodeRoutes(site, 'node-routes');
const [, rule] = manifestsOf(new Monitoring(site, 'monitoring'));
const groups = (rule as unknown as { spec: { groups: object[] } }).spec;

const AGENT = 'job="onprem-link/onprem-link", namespace="onprem-link", node="worker-1", pool="node-routes"';
const DAEMON_SET = 'namespace="onprem-link", daemonset="node-routes"';
const NEXT_HOP = ', next_hop="10.184.0.1", interface="priv"';

/** Metrics of an agent on a healthy node, one sample per minute. */
const WELL: Readonly<Record<string, string>> = {
  [`up{${AGENT}}`]: '1x150',
  [`onprem_link_ready{${AGENT}}`]: '1x150',
  [`onprem_link_routes{${AGENT}, state="effective"}`]: '2x150',
  [`onprem_link_routes{${AGENT}, state="conflicting"}`]: '0x150',
  [`onprem_link_routes{${AGENT}, state="waiting"}`]: '0x150',
  [`onprem_link_next_hop_up{${AGENT}${NEXT_HOP}}`]: '1x150',
  [`onprem_link_network_reachable{${AGENT}, network="datacentre"}`]: '1x150',
  [`onprem_link_network_path_up{${AGENT}, network="datacentre"${NEXT_HOP}}`]: '1x150',
  [`onprem_link_next_hops_missing{${AGENT}}`]: '0x150',
  [`onprem_link_list_accepted{${AGENT}}`]: '1x150',
  [`onprem_link_list_gone{${AGENT}}`]: '0x150',
  [`onprem_link_list_differs{${AGENT}}`]: '0x150',
  [`onprem_link_list_rolled_back{${AGENT}}`]: '0x150',
  [`onprem_link_rollbacks_total{${AGENT}}`]: '0x150',
  [`onprem_link_watch_connected{${AGENT}}`]: '1x150',
  [`onprem_link_rp_filter_dropped_packets_total{${AGENT}}`]: '0+6x150',
  [`kube_daemonset_status_desired_number_scheduled{${DAEMON_SET}}`]: '1x150',
  [`onprem_link_list_unconfirmed{${AGENT}}`]: '0x150',
};

const firing = (minutes: number, figures: Figures) => firingOf(groups, minutes, { ...WELL, ...figures });

const agent = (metric: string, more = '') => `onprem_link_${metric}{${AGENT}${more}}`;
const routes = (state: string) => agent('routes', `, state="${state}"`);
const GONE = Object.fromEntries(
  Object.keys(WELL)
    .filter((name) => !name.startsWith('kube'))
    .map((name) => [name, undefined]),
);

describePromtool('promtool', () => {
  test('accepts the rules', () => {
    const { status, output } = promtool(['check', 'rules', '--lint=all', '--lint-fatal', 'rules.yml'], {
      'rules.yml': groups,
    });
    expect([status, output]).toEqual([0, expect.stringContaining('SUCCESS: 14 rules found')]);
  });

  test('no alert fires on a healthy node, even with occasional drops by the reverse path filter', () => {
    expect(firing(55, {})).toEqual([]);
  });

  test.each<[string, number, number, Readonly<Record<string, string | undefined>>]>([
    ['OnpremLinkNodeWithoutRoutes', 4, 6, { [agent('ready')]: '0x60' }],
    ['OnpremLinkConflict', 4, 6, { [routes('conflicting')]: '1x60' }],
    ['OnpremLinkNextHopMissing', 1, 3, { [routes('waiting')]: '2x60' }],
    ['OnpremLinkNextHopMissing', 1, 3, { [agent('next_hops_missing')]: '1x60' }],
    ['OnpremLinkNextHopDown', 1, 3, { [agent('next_hop_up', NEXT_HOP)]: '0x60' }],
    ['OnpremLinkNetworkUnreachable', 1, 3, { [agent('network_reachable', ', network="datacentre"')]: '0x60' }],
    ['OnpremLinkNetworkPathDown', 4, 6, { [agent('network_path_up', `, network="datacentre"${NEXT_HOP}`)]: '0x60' }],
    ['OnpremLinkReversePathDrops', 9, 13, { [agent('rp_filter_dropped_packets_total')]: '0+120x60' }],
    ['OnpremLinkListRejected', 1, 3, { [agent('list_accepted')]: '0x60' }],
    ['OnpremLinkListRolledBack', 1, 3, { [agent('list_rolled_back')]: '0x2 1x57' }],
    ['OnpremLinkListRolledBack', 1, 3, { [agent('rollbacks_total')]: '0x2 1x57' }],
    ['OnpremLinkListDiffers', 119, 121, { [agent('list_differs')]: '1x150' }],
    ['OnpremLinkListUnconfirmed', 4, 6, { [agent('list_unconfirmed')]: '1x60' }],
    ['OnpremLinkAgentSilent', 4, 6, { [`up{${AGENT}}`]: '0x60' }],
    ['OnpremLinkWatchSilent', 9, 11, { [agent('watch_connected')]: '0x60' }],
    ['OnpremLinkAgentMissing', 14, 16, { [`kube_daemonset_status_desired_number_scheduled{${DAEMON_SET}}`]: '2x60' }],
  ])('%s fires as the only alert: not yet after %i minutes, but after %i', (name, before, after, figures) => {
    expect(firing(before, figures)).toEqual([]);
    expect(firing(after, figures)).toEqual([name]);
  });

  test('if there are no agents at all, OnpremLinkAgentMissing fires, even without kube-state-metrics', () => {
    expect(firing(20, GONE)).toEqual(['OnpremLinkAgentMissing']);
    const wanted = `kube_daemonset_status_desired_number_scheduled{${DAEMON_SET}}`;
    expect(firing(20, { ...GONE, [wanted]: undefined })).toEqual(['OnpremLinkAgentMissing']);
  });

  test('if no agents are wanted, no alert fires', () => {
    const wanted = `kube_daemonset_status_desired_number_scheduled{${DAEMON_SET}}`;
    expect(firing(20, { ...GONE, [wanted]: '0x60' })).toEqual([]);
  });

  test('OnpremLinkListRejected does not fire if the list is deleted or the API server does not answer', () => {
    expect(firing(5, { [agent('list_accepted')]: '0x60', [agent('list_gone')]: '1x60' })).toEqual([]);
    expect(firing(5, { [agent('list_accepted')]: '0x60', [agent('watch_connected')]: '0x60' })).toEqual([]);
  });
});
