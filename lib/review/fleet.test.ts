import { type Answer, compareNames, groupsOf } from './fleet';
import { fleetTable } from './fleet-table';

const WELL = {
  ready: true,
  reason: '2 routes: 2 effective',
  list: { state: 'accepted' },
  privateNetworks: [{ family: 'IPv4', state: 'found', way: 'via 10.184.0.1 dev priv' }],
  counts: { effective: 2 },
  reversePathDrops: 0,
};
const CONFLICT = {
  ...WELL,
  ready: false,
  reason: '1 of 2 routes: 192.168.1.0/24 conflicting: proto boot via 198.51.100.1 dev pub',
  counts: { effective: 1, conflicting: 1 },
};

const answer = (number: number, status: Answer['status'] = { ...WELL, reversePathDrops: number }): Answer => ({
  node: `worker-${number}`,
  pool: 'node-routes',
  status,
});
const SCREEN = { columns: 120, rows: 24, isColoured: false };

/** A thousand nodes, some in trouble. */
const THOUSAND = Array.from({ length: 1000 }, (_, i) => {
  if (i === 17) return answer(i, { error: 'dial tcp: i/o timeout' });
  return i === 400 || i === 41 ? answer(i, CONFLICT) : answer(i);
});

test('a thousand nodes are a screen, those in trouble first and with the reason', () => {
  expect(`\n${fleetTable(THOUSAND, ['2 nodes of node-routes have no agent'], SCREEN)}`).toMatchSnapshot();
});

test('what does not fit is counted, and the screen is never exceeded', () => {
  const different = Array.from({ length: 300 }, (_, i) =>
    answer(i, { ...CONFLICT, reason: `reason ${i} ${'x'.repeat(200)}` }),
  );
  const lines = fleetTable(different, [], { ...SCREEN, rows: 30 }).split('\n');
  expect(lines.length).toBeLessThanOrEqual(30);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(120);
  expect(lines.at(-3)).toBe('… and 288 more groups with 288 nodes (--all shows them)');
  expect(lines.at(-2)).toBe('0 of 300 nodes ready');
});

test('trouble is red on a terminal that has colours', () => {
  expect(fleetTable([answer(1, CONFLICT)], [], { ...SCREEN, isColoured: true })).toContain('\u001b[31m1      NO');
});

test('nodes are equal when everything but drops is, whatever a reason calls the node', () => {
  const reasons = [1, 2].map((number) => answer(number, { ...CONFLICT, reason: `worker-${number} has no link` }));
  expect(groupsOf(reasons)).toMatchObject([{ nodes: ['worker-1', 'worker-2'], reason: 'this node has no link' }]);
  const hop = { family: 'IPv4', state: 'found', way: 'via 10.184.0.9 dev priv' };
  expect(groupsOf([answer(1), answer(2, { ...WELL, privateNetworks: [hop] })])).toHaveLength(2);
});

test('a node without the private network says so', () => {
  const status = { ...WELL, privateNetworks: [{ family: 'IPv4', state: 'missing' }], counts: { 'not-applicable': 2 } };
  expect(groupsOf([answer(1, status)])).toMatchObject([{ nextHop: 'missing', routes: '2/2', ready: true }]);
});

test('what an agent says cannot move the cursor', () => {
  expect(fleetTable([answer(1, { error: '\u001b[2J' })], [], SCREEN)).not.toContain('\u001b');
});

test('numbers in names count', () => {
  expect(['worker-10', 'worker-9', 'a'].sort(compareNames)).toEqual(['a', 'worker-9', 'worker-10']);
});
