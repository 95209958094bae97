import { outcome, verdict } from '../../../test/agent/facts';
import { nexthop, route, subnet } from '../../../test/agent/ip';
import { DEFAULT_RULES, readRouteList } from '../../network';
import type { Verdict } from '../decide/verdicts';
import type { Change, FailedChange } from '../kernel/types';
import type { Outcome } from '../reconciler';
import { ChangeLog, changeText } from './change-log';

const put = (text: string, replace = false, metric = 0, table = 254): Change => ({
  kind: 'put-route',
  route: { subnet: subnet(text), table, metric, nexthopId: 1 },
  replace,
});
const remove = (text: string): Change => ({ kind: 'delete-route', route: route(text) });
const object = (replace = false): Change => ({
  kind: 'put-nexthop',
  nexthop: nexthop('7 via 10.184.0.1 dev priv'),
  replace,
});

/** @param step milliseconds between two passes. */
function logTo(lines: string[], step = 20) {
  const details: unknown[] = [];
  let time = 0;
  const clock = () => (time += step);
  const changeLog = new ChangeLog((level, event, message, more) => {
    lines.push(`${level} ${event}: ${message}`);
    details.push(more);
  }, clock);
  const report = (changed: { done?: Change[]; failed?: FailedChange[]; verdicts?: Verdict[] }) =>
    changeLog.report({ ...outcome(), ...changed } as Outcome, 'kernel event', 1.2345);
  return { changeLog, report, details };
}

describe('a pass', () => {
  test('that changed something is one line, with what it changed and why', () => {
    const lines: string[] = [];
    const { report, details } = logTo(lines);
    report({ done: [object(true), put('192.168.0.0/24'), put('192.168.1.0/24', true), remove('192.168.2.0/24')] });
    expect(lines).toEqual(['info routes.changed: 1 routes added, 1 changed, 1 removed, next hop changed']);
    expect(details).toEqual([
      {
        trigger: 'kernel event',
        milliseconds: 1.2,
        added: ['192.168.0.0/24'],
        replaced: ['192.168.1.0/24'],
        removed: ['192.168.2.0/24'],
      },
    ]);
  });

  test('that changed nothing is not logged', () => {
    const lines: string[] = [];
    const { report } = logTo(lines);
    const verdicts = [verdict('192.168.0.0/24')];
    for (let i = 0; i < 3; i++) report({ verdicts });
    expect(lines).toEqual([]);
  });

  test('that changed thousands names twenty', () => {
    const { report, details } = logTo([]);
    report({ done: Array.from({ length: 3000 }, (_, i) => put(`10.${i >> 8}.${i & 255}.0/24`)) });
    expect((details[0] as { added: string[] }).added).toHaveLength(20);
  });
});

describe('a route', () => {
  test('that is effective from the start is not logged, but every other state is', () => {
    const lines: string[] = [];
    const { report } = logTo(lines);
    report({
      verdicts: [
        verdict('192.168.0.0/24'),
        verdict('192.168.1.0/24', 'satisfied', 'the node has it'),
        verdict('192.168.2.0/24', 'waiting', 'no entry'),
        verdict('192.168.3.0/24', 'effective', 'the node also has one'),
      ],
    });
    expect(lines).toEqual([
      'info route.state: 192.168.1.0/24 satisfied: the node has it',
      'warn route.state: 192.168.2.0/24 waiting: no entry',
      'info route.state: 192.168.3.0/24 effective: the node also has one',
    ]);
  });

  test('is logged once for each change of state or reason, even if the list is read again', () => {
    const lines: string[] = [];
    const { report } = logTo(lines);
    const states = [
      verdict('192.168.0.0/24', 'waiting', 'one'),
      verdict('192.168.0.0/24', 'waiting', 'one'),
      verdict('192.168.0.0/24', 'waiting', 'two'),
      verdict('192.168.0.0/24'),
      verdict('192.168.0.0/24'),
    ];
    for (const state of states) report({ verdicts: [state] });
    expect(lines).toEqual([
      'warn route.state: 192.168.0.0/24 waiting: one',
      'warn route.state: 192.168.0.0/24 waiting: two',
      'info route.state: 192.168.0.0/24 effective again after 60 ms',
    ]);
  });

  test('is logged again for another reason with the same list, and for the same reason with another list', () => {
    const lines: string[] = [];
    const { report } = logTo(lines);
    const waiting = verdict('192.168.0.0/24', 'waiting', 'one');
    for (const verdicts of [[waiting], [{ ...waiting, reason: 'two' }], [verdict('192.168.1.0/24', 'waiting', 'two')]])
      report({ verdicts });
    expect(lines).toEqual([
      'warn route.state: 192.168.0.0/24 waiting: one',
      'warn route.state: 192.168.0.0/24 waiting: two',
      'warn route.state: 192.168.1.0/24 waiting: two',
    ]);
  });

  test('that leaves the list and returns is logged again', () => {
    const lines: string[] = [];
    const { report } = logTo(lines);
    for (const verdicts of [[verdict('192.168.0.0/24', 'failed', 'x')], [], [verdict('192.168.0.0/24', 'failed', 'x')]])
      report({ verdicts });
    expect(lines).toHaveLength(2);
  });

  test('is distinguished from another one to its subnet', () => {
    const lines: string[] = [];
    const { report } = logTo(lines);
    const verdicts = [verdict({ subnet: '192.168.0.0/24', metric: 5 }, 'waiting', 'x'), verdict('192.168.0.0/24')];
    report({ verdicts });
    report({ verdicts });
    expect(lines).toHaveLength(1);
  });

  const many = (count: number, state?: Verdict['state'], reason?: (i: number) => string) =>
    Array.from({ length: count }, (_, i) => verdict(`10.${i >> 8}.${i & 255}.0/24`, state, reason?.(i)));

  test('is logged in one line with all others of its state and reason, and with the time once it is effective again', () => {
    const lines: string[] = [];
    const { report, details } = logTo(lines);
    for (const verdicts of [many(31), many(31, 'waiting', () => 'no entry'), many(31)]) report({ verdicts });
    expect(lines).toEqual([
      'warn route.state: 31 routes waiting: no entry',
      'debug route.state: 31 routes waiting: no entry',
      'info route.state: 31 routes effective again after 20 ms',
      'debug route.state: 31 routes effective again after 20 ms',
    ]);
    expect((details as { subnets: string[] }[]).map(({ subnets }) => subnets.length)).toEqual([20, 31, 20, 31]);
  });

  test('counts the time from when the first of them stopped doing what the list says', () => {
    const lines: string[] = [];
    const { report } = logTo(lines);
    for (const reason of ['one', 'two']) report({ verdicts: many(2, 'waiting', () => reason) });
    report({ verdicts: many(2) });
    expect(lines.at(-1)).toBe('info route.state: 2 routes effective again after 40 ms');
  });

  test('that loses a remark was effective all the time', () => {
    const lines: string[] = [];
    const { report } = logTo(lines);
    report({ verdicts: [verdict('192.168.0.0/24', 'effective', 'a part is taken')] });
    report({ verdicts: [verdict('192.168.0.0/24')] });
    expect(lines.at(-1)).toBe('info route.state: 192.168.0.0/24 effective');
  });

  test('among very many with different reasons is counted', () => {
    const lines: string[] = [];
    const { report } = logTo(lines);
    report({ verdicts: many(100, 'waiting', (i) => `reason ${i}`) });
    expect(lines).toHaveLength(21);
    expect(lines.at(-1)).toBe('warn route.state: … and 80 more routes changed their state; /status names them');
  });
});

describe('a route that cannot be removed', () => {
  const failed = [{ change: remove('192.168.0.0/24'), reason: 'No such process (ESRCH)' }];

  test('is reported once, however often it is retried, and again after it worked', () => {
    const lines: string[] = [];
    const { report } = logTo(lines);
    for (let i = 0; i < 100; i++) report({ failed });
    expect(lines).toEqual(['warn change.failed: remove 192.168.0.0/24: the kernel reports: No such process (ESRCH)']);
    report({});
    report({ failed });
    expect(lines).toHaveLength(2);
  });

  test('is distinguished from one that cannot be written, whose state reports it', () => {
    const lines: string[] = [];
    const { report } = logTo(lines);
    report({
      failed: [
        { change: put('192.168.0.0/24'), reason: 'x' },
        { change: object(), reason: 'x' },
      ],
    });
    expect(lines).toEqual([]);
  });
});

test('reports repetitions in a list', () => {
  const lines: string[] = [];
  const { changeLog } = logTo(lines);
  changeLog.reportDuplicates(readRouteList(['192.168.0.0/24'], DEFAULT_RULES));
  changeLog.reportDuplicates(readRouteList(['192.168.0.0/24', '192.168.0.0/24'], DEFAULT_RULES));
  expect(lines).toEqual(['warn list.duplicates: 1 entries are duplicates']);
});

test.each([
  [put('192.168.0.0/24'), 'add 192.168.0.0/24'],
  [put('192.168.0.0/24', true, 50, 100), 'change 192.168.0.0/24 table 100 metric 50'],
  [put('2001:db8::/48', false, 1024), 'add 2001:db8::/48'],
  [remove('192.168.0.0/24 metric 7'), 'remove 192.168.0.0/24 metric 7'],
  [object(), 'add nexthop object 7'],
  [object(true), 'change nexthop object 7'],
  [{ kind: 'refresh-nexthop', nexthop: nexthop('7 via fe80::1 dev priv') } as const, 'refresh nexthop object 7'],
  [{ kind: 'delete-nexthop', nexthop: nexthop('7 via 10.184.0.1 dev priv') } as const, 'remove nexthop object 7'],
])('%# logs a readable change', (change, text) => expect(changeText(change)).toBe(text));
