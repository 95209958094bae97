import { hop, snapshot } from '../../../test/agent/ip';
import { routeKey } from '../../network';
import { presentList, presentText, readPresentText } from './present-list';

const OWNERSHIP = { protocol: 142, former: new Set([141]), adoptLegacy: false };
const NODE = snapshot({
  nexthops: ['1 via 10.184.0.1 dev priv', '2 via 198.51.100.1 dev pub onlink', '3 group 1/5,2', '4 dev pods'],
  routes: [
    '10.0.0.0/8 via 10.184.0.1 dev priv',
    '192.168.0.0/24 nhid 1 proto ours src 10.184.0.2 mtu 1400',
    '192.168.1.0/24 nhid 3 proto former metric 50 table 100',
    '192.168.2.0/24 nhid 4 proto ours',
    '192.168.3.0/24 nhid 99 proto ours',
    '10.128.0.0/9 nhid 1 proto ours',
    '2001:db8::/48 nexthop via fe80::1 dev priv nexthop via fe80::1 dev pub proto ours',
    '2001:db8::/48 via fe80::1 dev priv proto ours',
  ],
});

test('turns our present routes into a list, without those that lead nowhere', () => {
  const found = presentList(NODE, OWNERSHIP).routes as unknown as { subnet: unknown; hops: unknown }[];
  expect(found.map(({ subnet, hops }) => [`${subnet}`, hops])).toEqual([
    ['192.168.0.0/24', [hop('via 10.184.0.1 dev priv')]],
    ['192.168.1.0/24', [hop('via 10.184.0.1 dev priv weight 5'), hop('via 198.51.100.1 dev pub onlink')]],
    ['192.168.2.0/24', [hop('dev pods')]],
    ['10.128.0.0/9', [hop('via 10.184.0.1 dev priv')]],
    ['2001:db8::/48', [hop('via fe80::1 dev priv')]],
  ]);
});

test('reads its text back unchanged, even with values that a user could not write', () => {
  const list = presentList(NODE, OWNERSHIP);
  expect(readPresentText(presentText(list))).toEqual(list);
  expect(new Set(list.routes.map(routeKey)).size).toBe(list.routes.length);
  expect(() => readPresentText('nonsense')).toThrow();
});
