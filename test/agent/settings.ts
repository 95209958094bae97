import type { Limits } from '../../lib/agent/decide/limits';
import type { Settings } from '../../lib/agent/settings';
import { DEFAULT_RULES } from '../../lib/network';
import { address, subnet } from './ip';

/** The environment of an agent whose site uses every option. */
export const NO_LIMITS: Limits = {
  tables: { has: () => true } as unknown as Limits['tables'],
  interfaces: { has: () => true } as unknown as Limits['interfaces'],
  nextHops: [subnet('0.0.0.0/0'), subnet('::/0')],
  destinations: undefined,
};

/** Settings of an agent on the node of the standard topology, for tests. */
export const SETTINGS: Settings = {
  instance: 'node-routes',
  nodeName: 'worker-1',
  podIP: address('10.184.0.2'),
  namespace: 'onprem-link',
  configMap: 'static-routes',
  apiHost: '172.21.0.1',
  apiPort: 443,
  privateNetworks: [subnet('10.0.0.0/8')],
  requirePrivateNetwork: false,
  podSubnets: [],
  requirePods: false,
  copyToTables: [],
  protectedSubnets: [],
  ownership: { protocol: 142, former: new Set(), adoptLegacy: false },
  disjointProtocols: [],
  limits: NO_LIMITS,
  routeRules: DEFAULT_RULES,
  httpPort: 9142,
  logLevel: 'info',
  onUninstall: 'remove',
  isRolling: false,
  otherwise: 'nothing',
  apiServers: [],
  trialSpreadMs: 0,
  confirm: [],
  probes: [],
  probeEveryMs: 10_000,
  requireReachable: false,
};
