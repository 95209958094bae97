import { nodesToUpdate, type Standing } from './daemon-set';

const NOW = 100_000;
const nodes = (count: number, pod: Omit<Standing, 'node'>, from = 1): Standing[] =>
  Array.from({ length: count }, (_, i) => ({ node: `worker-${from + i}`, ...pod }));
const ready = { readySince: 0 };
const update = (pods: readonly Standing[], maxUnavailable: number | string = 1) =>
  nodesToUpdate(pods, { revision: 'new', maxUnavailable, minReadyMs: 5000, now: NOW });

test('of ten old pods that are Ready as many are replaced as the budget says; a percentage is rounded up', () => {
  const pods = nodes(10, { revision: 'old', ...ready });
  expect([update(pods), update(pods, 3).length, update(pods, '15%').length, update(pods, '1%').length]).toEqual([
    ['worker-1'],
    3,
    2,
    1,
  ]);
});

test.each<[string, Omit<Standing, 'node'>]>([
  ['a new pod that is not Ready', { revision: 'new' }],
  ['a new pod that has been Ready for less than minReadySeconds', { revision: 'new', readySince: NOW - 4999 }],
  ['a pod that is being deleted', {}],
])('%s uses up the budget, and the update halts', (_, pod) => {
  expect(update([{ node: 'worker-0', ...pod }, ...nodes(9, { revision: 'old', ...ready })])).toEqual([]);
});

test('a new pod that has been Ready for long enough lets the update go on', () => {
  const first = { node: 'worker-0', revision: 'new', readySince: NOW - 5000 };
  expect(update([first, ...nodes(9, { revision: 'old', ...ready })])).toEqual(['worker-1']);
});

test('old pods that are not Ready are all replaced at once, whatever the budget is', () => {
  expect(update(nodes(10, { revision: 'old' }))).toHaveLength(10);
  expect(update([...nodes(7, { revision: 'old' }), ...nodes(3, { revision: 'old', ...ready }, 8)])).toHaveLength(7);
});
