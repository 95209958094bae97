import { hop, SEEDS, snapshot } from '../../../test/agent/ip';
import { DEFAULT_RULES, readRoute } from '../../network';
import { asStable } from '../stable';
import { withoutCompanions } from './companions';
import { routePut } from './diff';
import { whatToVerify } from './verdicts';

const OWNERSHIP = { protocol: 142, former: new Set<number>(), adoptLegacy: false };

const listed = (subnet: string) => ({
  state: 'resolved' as const,
  route: readRoute(subnet, DEFAULT_RULES),
  way: { hops: [hop('via 10.184.0.1 dev priv')] },
});

test('looks up our routes and those that go the same way, but not rejected or failed ones', () => {
  const [ours, refused, conflicting] = [listed('192.168.0.0/24'), listed('192.168.1.0/24'), listed('192.168.2.0/24')];
  const [satisfied, failing] = [listed('192.168.3.0/24'), listed('192.168.4.0/24')];
  const decision = {
    snapshot: snapshot(SEEDS),
    resolved: [ours, refused, conflicting, satisfied, failing],
    refusals: new Map([[refused.route, 'protected']]),
    nextHops: [],
    missingNextHops: [],
    diff: {
      changes: [],
      cleanup: [],
      standings: new Map([
        [conflicting.route, { state: 'conflicting', conflict: 'another way' } as const],
        [satisfied.route, { state: 'satisfied', by: 'somebody' } as const],
      ]),
      nexthops: { idOf: () => 1 },
    },
    companions: withoutCompanions(snapshot(SEEDS), OWNERSHIP),
    privateNetworks: new Map(),
  };
  const failed = [{ change: routePut(failing.route, 1, false), reason: 'EPERM' }];
  const inputs = {
    decision: asStable(decision),
    failed: asStable(failed),
    destinations: asStable([]),
    ownership: asStable(OWNERSHIP),
  };
  expect(whatToVerify(inputs).asked).toEqual([ours, satisfied]);
});
