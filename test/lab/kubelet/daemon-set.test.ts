import { nodesToUpdate, type PodState } from './daemon-set';

const NOW = 100_000;
const nodes = (count: number, pod: Omit<PodState, 'node'>, from = 1): PodState[] =>
  Array.from({ length: count }, (_, i) => ({ node: `worker-${from + i}`, ...pod }));
const ready = { readySince: 0 };
const update = (pods: readonly PodState[], maxUnavailable: number | string = 1) =>
  nodesToUpdate(pods, { revision: 'new', maxUnavailable, minReadyMs: 5000, now: NOW });

test('of ten old Ready pods, maxUnavailable are replaced; a percentage is rounded up', () => {
  const pods = nodes(10, { revision: 'old', ...ready });
  expect([update(pods), update(pods, 3).length, update(pods, '15%').length, update(pods, '1%').length]).toEqual([
    ['worker-1'],
    3,
    2,
    1,
  ]);
});

test.each<[string, Omit<PodState, 'node'>]>([
  ['a new pod that is not Ready', { revision: 'new' }],
  ['a new pod that has been Ready for less than minReadySeconds', { revision: 'new', readySince: NOW - 4999 }],
  ['a pod that is being deleted', {}],
])('%s uses up maxUnavailable, and the update stops', (_, pod) => {
  expect(update([{ node: 'worker-0', ...pod }, ...nodes(9, { revision: 'old', ...ready })])).toEqual([]);
});

test('the update continues once a new pod has been Ready for minReadySeconds', () => {
  const first = { node: 'worker-0', revision: 'new', readySince: NOW - 5000 };
  expect(update([first, ...nodes(9, { revision: 'old', ...ready })])).toEqual(['worker-1']);
});

test('all old pods that are not Ready are replaced at once, regardless of maxUnavailable', () => {
  expect(update(nodes(10, { revision: 'old' }))).toHaveLength(10);
  expect(update([...nodes(7, { revision: 'old' }), ...nodes(3, { revision: 'old', ...ready }, 8)])).toHaveLength(7);
});
