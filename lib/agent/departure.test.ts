import { DEFAULT_RULES, parseRouteList } from '../network';
import { Departure, type DepartureParts } from './departure';

const BASE = parseRouteList('["192.168.0.0/24"]', DEFAULT_RULES);
const WATCH = { nudge: () => undefined };

function departure(): { ran: unknown[]; departure: Departure } {
  const ran: unknown[] = [];
  const parts: DepartureParts = {
    onUninstall: 'keep',
    source: { state: { state: 'unknown' } },
    rollout: { unconfirmedBase: BASE, restoredWith: () => [] },
    reconciler: { run: (list) => ran.push(list) as never, removeAll: () => ran.push('all') as never },
    log: () => undefined,
  };
  return { ran, departure: new Departure(parts) };
}

test('an unconfirmed change is taken back by an agent that is told to stop', async () => {
  const node = departure();
  await node.departure.leave(WATCH, true);
  expect(node.ran).toEqual([BASE]);
});

test('but not by one that another agent keeps from the kernel, whatever its journal says', async () => {
  const node = departure();
  await node.departure.leave(WATCH, false);
  expect(node.ran).toEqual([]);
});
