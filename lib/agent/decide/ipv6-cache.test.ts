import { Address, Subnet } from '../../network';
import type { Change, KernelRoute, Nexthop } from '../kernel/types';
import { refreshIPv6 } from './ipv6-cache';

const OURS = { protocol: 142, former: new Set<number>(), adoptLegacy: false };

const nexthop = (id: number, gateway: string, protocol = 142): Nexthop => ({
  id,
  protocol,
  family: Address.parse(gateway).family,
  hop: { gateway: Address.parse(gateway), link: 2, onlink: false, weight: 1 },
});

const NEXTHOPS = new Map(
  [nexthop(4, '10.0.0.1'), nexthop(6, 'fd00::1'), nexthop(7, 'fd00::2'), nexthop(8, 'fd00::3', 99)].map((one) => [
    one.id,
    one,
  ]),
);

const remove = (subnet: string): Change => ({
  kind: 'delete-route',
  route: {
    subnet: Subnet.parse(subnet),
    table: 254,
    metric: 0,
    protocol: 142,
    type: 1,
    hops: [],
  } as unknown as KernelRoute,
});

const refreshed = (...changes: Change[]) =>
  refreshIPv6(changes, changes, () => NEXTHOPS, OURS).map(
    (change) => 'nexthop' in change && `${change.kind} ${change.nexthop.id}`,
  );

test('refreshes nothing after a pass that concerned only IPv4, or nothing', () => {
  expect(refreshed()).toEqual([]);
  expect(refreshed(remove('192.168.0.0/24'))).toEqual([]);
});

test('refreshes our IPv6 objects, and no others, after a pass that wrote or removed an IPv6 route', () => {
  expect(refreshed(remove('2001:db8::/64'))).toEqual(['refresh-nexthop 6', 'refresh-nexthop 7']);
});

test('does not refresh an object that was written or removed in the same pass', () => {
  const gone: Change = { kind: 'delete-nexthop', nexthop: nexthop(6, 'fd00::1') };
  const moved: Change = { kind: 'put-nexthop', nexthop: nexthop(7, 'fd00::9'), replace: true };
  expect(refreshed(remove('2001:db8::/64'), gone, moved)).toEqual([]);
});
