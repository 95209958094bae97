import { type Answer, compareNames, groupsOf } from './fleet';
import { readMetrics } from './metrics';
import { fleetTable } from './table';

const WELL = { ready: true, ways: ['10.184.0.1 dev priv'], nextHopsDown: [], counts: { effective: 2 }, drops: 0 };
const CONFLICT = { ...WELL, ready: false, trouble: 'routes', counts: { effective: 1, conflicting: 1 } };

const answer = (
  number: number,
  status: Answer['status'] = { ...WELL, drops: number },
  node = `worker-${number}`,
): Answer => ({ node, pool: 'node-routes', namespace: 'onprem-link', pod: `node-routes-${number}`, status });
const SCREEN = { columns: 120, rows: 24, isColoured: false };

const THOUSAND = Array.from({ length: 1000 }, (_, i) => {
  if (i === 17) return answer(i, { error: 'dial tcp: i/o timeout' });
  return i === 400 || i === 41 ? answer(i, CONFLICT) : answer(i);
});

test('shows a thousand nodes on one screen, those in trouble first with the reason', () => {
  expect(`\n${fleetTable(THOUSAND, ['2 nodes of node-routes have no agent'], SCREEN)}`).toMatchSnapshot();
});

test('never exceeds the screen, and counts the rows that do not fit', () => {
  const different = Array.from({ length: 300 }, (_, i) =>
    answer(i, { ...CONFLICT, trouble: `reason ${i} ${'x'.repeat(200)}` }),
  );
  const lines = fleetTable(different, [], { ...SCREEN, rows: 30 }).split('\n');
  expect(lines.length).toBeLessThanOrEqual(30);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(120);
  expect(lines.at(-4)).toBe('… and 288 more groups with 288 nodes (--all shows them)');
  expect(lines.at(-2)).toBe('0 of 300 nodes ready');
});

test('shows trouble in red on a terminal with colours', () => {
  expect(fleetTable([answer(1, CONFLICT)], [], { ...SCREEN, isColoured: true })).toContain('\u001b[31m1      NO');
});

test('groups nodes that differ only in dropped packets', () => {
  expect(groupsOf([answer(1), answer(2)])).toMatchObject([{ nodes: ['worker-1', 'worker-2'], drops: [1, 2] }]);
  expect(groupsOf([answer(1), answer(2, { ...WELL, ways: ['10.184.0.9 dev priv'] })])).toHaveLength(2);
});

test('distinguishes shadowed nodes by rule and table', () => {
  const given = ['shadowed by rule 1536 → table 2', 'unknown', 'unknown'].map((pods) => ({ ...WELL, pods }));
  const table = fleetTable(
    [...given, WELL].map((status, i) => answer(i, status)),
    [],
    SCREEN,
  );
  expect(table).toMatch(/^2 +yes +2\/2 +unknown/m);
  expect(table).toMatch(/^1 +yes +2\/2 +\? +0/m);
  expect(table).toMatch(/^1 +yes +2\/2 +shadowed .*\n +pods: shadowed by rule 1536 → table 2$/m);
});

test('shows a node without a private network as missing', () => {
  const status = { ...WELL, ways: ['missing'], counts: { 'not-applicable': 2 } };
  expect(groupsOf([answer(1, status)])).toMatchObject([{ nextHop: 'missing', routes: '2/2', ready: true }]);
});

const LONG = (number: number) => `kube-cq1f0tml0g2v3-production-default-0000${number}`;

test('at 80 columns leaves out columns with equal values and shortens long names in the middle', () => {
  const answers = [answer(17, CONFLICT, LONG(17)), ...[1, 2, 3].map((i) => answer(i, WELL, LONG(10 + i)))];
  const text = fleetTable(answers, [], { ...SCREEN, columns: 80 }, 'kubectl --context production');
  expect(`\n${text}`).toMatchSnapshot();
  for (const line of text.split('\n').filter((one) => !one.startsWith('details: ')))
    expect(line.length).toBeLessThanOrEqual(80);
});

test('leaves out and shortens nothing if there is room', () => {
  const text = fleetTable([answer(1, CONFLICT, LONG(1)), answer(2, WELL, LONG(2))], [], { ...SCREEN, columns: 160 });
  for (const part of ['POOL', 'node-routes', LONG(1), LONG(2)]) expect(text).toContain(part);
  expect(text).not.toContain('everywhere');
});

test('never shortens the command for details, and includes the namespace', () => {
  const details = 'details: kubectl --context production -n onprem-link';
  const screen = { ...SCREEN, columns: 40 };
  const command = 'kubectl --context production';
  expect(fleetTable([answer(1, CONFLICT)], [], screen, command)).toContain(
    `${details} exec node-routes-1 -- node /opt/onprem-link/agent.cjs status\n`,
  );
  expect(fleetTable([answer(1, { error: 'x' })], [], screen, command)).toContain(
    `${details} describe pod node-routes-1\n`,
  );
  expect(fleetTable([answer(1)], [], screen, command)).not.toContain('details');
});

test('reads metrics as Prometheus does, and rejects the page of another program', () => {
  const text = [
    '# HELP onprem_link_ready Whether.',
    'onprem_link_ready 0',
    'onprem_link_not_ready{reason="starting"} 0',
    'onprem_link_not_ready{reason="list_gone"} 1',
    'onprem_link_private_network_info{family="IPv4",state="found",next_hop="10.184.0.1",interface="a\\"b"} 1',
    'onprem_link_private_network_info{family="IPv6",state="missing",next_hop="",interface=""} 1',
    'onprem_link_routes{state="effective"} 2',
    'onprem_link_next_hop_up{next_hop="10.184.0.3",interface="priv"} 0',
  ].join('\n');
  expect(readMetrics(text)).toEqual({
    ready: false,
    trouble: 'list_gone',
    ways: ['10.184.0.1 dev a"b', 'missing'],
    nextHopsDown: ['10.184.0.3'],
    counts: { effective: 2 },
  });
  expect(() => readMetrics('<html>')).toThrow('not an agent');
});

test("an agent's answer cannot move the cursor", () => {
  expect(fleetTable([answer(1, { error: '\u001b[2J' })], [], SCREEN)).not.toContain('\u001b');
});

test('sorts names with numbers by value', () => {
  expect(['worker-10', 'worker-9', 'a'].sort(compareNames)).toEqual(['a', 'worker-9', 'worker-10']);
});

test('shows how many nodes reach each probed network, and which ones do not', () => {
  const nodes = Array.from({ length: 1000 }, (_, i) =>
    answer(i, { ...WELL, networks: { datacentre: i !== 3 && i !== 500, ...(i < 10 && { plant: true }) } }),
  );
  const lines = fleetTable(nodes, [], SCREEN).split('\n');
  expect(lines.slice(-4)).toEqual([
    '998 of 1000 nodes reach datacentre',
    '10 of 10 nodes reach plant',
    '1000 of 1000 nodes ready',
    '',
  ]);
  expect(lines.join('\n')).toContain('       no target answers in datacentre');
  const text = 'onprem_link_ready 1\nonprem_link_network_reachable{network="datacentre"} 0\n';
  expect(readMetrics(text).networks).toEqual({ datacentre: false });
});
