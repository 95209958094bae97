import { type Manifest, manifestsOf, siteWith, siteWithNetwork } from '../../../test/fixtures/charts';
import { disjointProtocols } from './disjoint-pools';
import { NodeRoutes } from './node-routes';

const pool = (nodeSelector: Readonly<Record<string, string>>, protocol: number, ...formerProtocols: number[]) => ({
  nodeSelector,
  protocol,
  formerProtocols,
});

test.each<[string, Readonly<Record<string, string>>, Readonly<Record<string, string>>, boolean]>([
  ['one label with two values', { pool: 'a' }, { pool: 'b' }, true],
  ['one of several labels with two values', { pool: 'a', zone: '1' }, { zone: '1', pool: 'b', disk: 'ssd' }, true],
  ['an empty value and another', { edge: '' }, { edge: 'yes' }, true],
  ['equal labels', { pool: 'a' }, { pool: 'a' }, false],
  ['one inside the other', { pool: 'a' }, { pool: 'a', zone: '1' }, false],
  ['different labels, which one node may carry', { pool: 'a' }, { zone: 'b' }, false],
  ['all nodes and some', {}, { pool: 'a' }, false],
  ['all nodes twice', {}, {}, false],
  ['a label named like a property of every object', { constructor: 'a' }, {}, false],
])('%s: %j and %j', (_, one, other, areDisjoint) => {
  const [first, second] = [pool(one, 142), pool(other, 143)];
  expect(disjointProtocols(first, [first, second])).toEqual(areDisjoint ? [143] : []);
  expect(disjointProtocols(second, [first, second])).toEqual(areDisjoint ? [142] : []);
});

test('includes former protocols, always in ascending order', () => {
  const all = [
    pool({ pool: 'a' }, 145, 150),
    pool({ pool: 'b' }, 142),
    pool({ pool: 'c' }, 144, 141, 140),
    pool({}, 147),
  ];
  const own = all[1] as (typeof all)[number];
  expect(disjointProtocols(own, all)).toEqual([140, 141, 144, 145, 150]);
  expect(disjointProtocols(own, [...all].reverse())).toEqual([140, 141, 144, 145, 150]);
});

function disjointIn(chart: NodeRoutes): string | undefined {
  const daemonSet = manifestsOf(chart).find(({ kind }) => kind === 'DaemonSet') as Manifest & {
    spec: { template: { spec: { containers: { env: { name: string; value?: string }[] }[] } } };
  };
  const env = daemonSet.spec.template.spec.containers[0]?.env;
  return env?.find(({ name }) => name === 'DISJOINT_PROTOCOLS')?.value;
}

test('includes pools that are added later', () => {
  const site = siteWith();
  const a = new NodeRoutes(site, 'a', { nodeSelector: { pool: 'a' } });
  const b = new NodeRoutes(site, 'b', {
    configMapName: 'b',
    nodeSelector: { pool: 'b' },
    port: 9143,
    protocol: 143,
    formerProtocols: [144],
  });
  const all = new NodeRoutes(site, 'all', { configMapName: 'all', port: 9144, protocol: 145 });
  expect([a, b, all].map(disjointIn)).toEqual(['143,144', '142', undefined]);
});

test('a single pool is in no list of disjoint pools', () => {
  expect(disjointIn(new NodeRoutes(siteWithNetwork().site, 'node-routes'))).toBeUndefined();
});
