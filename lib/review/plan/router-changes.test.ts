import { routerChangesOf } from './router-changes';

const head = (state: string) => `# Router 192.0.2.1, state ${state}.\n`;
const vyos = (state: string, ...routes: readonly string[]) =>
  `${head(state)}${routes.map((route) => `set protocols static route ${route} next-hop 10.0.0.1\n`).join('')}`;

const before = new Map([
  ['routers/numbers.json', '{}'],
  ['routers/east/a-to-cluster/vyos.set', vyos('00000000aa', '192.168.0.0/24', '192.168.1.0/24')],
  ['routers/west/a-to-cluster/vyos.set', vyos('00000000bb', '192.168.1.0/24')],
  ['dist/east/a.k8s.yaml', ''],
]);

test('each end has a folder with the changes for its router, and shared parts stay', () => {
  const after = new Map([...before, ['routers/east/a-to-cluster/vyos.set', vyos('00000000cc', '192.168.2.0/24')]]);
  const changes = routerChangesOf(before, after);
  expect([...changes.keys()]).toEqual(['east/a-to-cluster/change.vyos']);
  expect(
    [...changes.values()]
      .join('')
      .split('\n')
      .filter((line) => !line.startsWith('#')),
  ).toEqual([
    'delete protocols static route 192.168.0.0/24',
    'set protocols static route 192.168.2.0/24 next-hop 10.0.0.1',
    '',
  ]);
});

test('takes down an end that is removed, and sets up a new one', () => {
  const only = (end: string) => new Map([...before].filter(([path]) => path.includes(end)));
  const changes = routerChangesOf(only('east'), only('west'));
  expect([...changes.keys()]).toEqual(['east/a-to-cluster/change.vyos', 'west/a-to-cluster/change.vyos']);
  const [down, up] = [...changes.values()];
  expect(down).toContain('takes the router from state 00000000aa to no configuration.');
  expect(down).toContain('\ndelete protocols static route 192.168.0.0/24\n');
  expect(down).not.toContain('192.168.1.0/24');
  expect(up).toContain('takes the router from no configuration to state 00000000bb.');
});

test('writes nothing if nothing changes', () => expect(routerChangesOf(before, before)).toEqual(new Map()));
