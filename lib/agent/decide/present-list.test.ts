import { DEFAULT_RULES, formatRouteList, parseRouteList } from '../../network';
import { snapshot } from '../testing/ip';
import { presentList } from './present-list';

const OWNERSHIP = { protocol: 142, former: new Set([141]), adoptLegacy: false };
const NODE = snapshot({
  nexthops: ['1 via 10.184.0.1 dev priv', '2 via 10.184.0.3 dev priv', '3 group 1,2', '4 dev pods'],
  routes: [
    '10.0.0.0/8 via 10.184.0.1 dev priv',
    '192.168.0.0/24 nhid 1 proto ours src 10.184.0.2 mtu 1400',
    '192.168.1.0/24 nhid 3 proto former metric 50 table 100',
    '192.168.2.0/24 nhid 4 proto ours',
    '192.168.3.0/24 nhid 99 proto ours',
    '2001:db8::/48 via fe80::1 dev priv proto ours',
  ],
});

test('our routes are a list that says where they go now; what leads nowhere is left out', () => {
  const { routes } = presentList(NODE, OWNERSHIP);
  expect(JSON.parse(formatRouteList(routes, DEFAULT_RULES))).toEqual([
    { subnet: '192.168.0.0/24', nextHop: '10.184.0.1', interface: 'priv', source: '10.184.0.2', mtu: 1400 },
    { subnet: '192.168.1.0/24', nextHops: ['10.184.0.1', '10.184.0.3'], interface: 'priv', table: 100, metric: 50 },
    { subnet: '192.168.2.0/24', interface: 'pods' },
    { subnet: '2001:db8::/48', nextHop: 'fe80::1', interface: 'priv' },
  ]);
});

test('as text it is read again as it was', () => {
  const { routes } = presentList(NODE, OWNERSHIP);
  expect(parseRouteList(formatRouteList(routes, DEFAULT_RULES), DEFAULT_RULES).routes).toEqual(routes);
});
