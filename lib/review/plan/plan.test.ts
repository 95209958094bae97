import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CLUSTER, STUB_AGENT } from '../../../test/fixtures/charts';
import {
  ExternalService,
  NodeRoutes,
  type NodeRoutesProps,
  ServerHealth,
  type ServerHealthProbe,
  Site,
  type VpnProps,
} from '../../charts';
import type { SubnetSpec } from '../../network';
import { markdownOf } from '../page/markdown';
import { terminalTextOf } from '../page/terminal';
import type { Tree } from '../tree';
import { planPage } from './page';
import { planOf } from './plan';

interface Case {
  readonly name?: string;
  readonly subnets?: readonly SubnetSpec[];
  readonly vpn?: VpnProps;
  readonly pool?: string;
  readonly routes?: NodeRoutesProps;
  readonly service?: string;
  readonly servers?: readonly string[];
  readonly port?: number;
  readonly agent?: string;
  readonly legacy?: boolean;
  readonly health?: ServerHealthProbe;
  readonly calicoPool?: boolean;
}

const VPN: VpnProps = {
  cluster: { publicAddress: '203.0.113.1', outside: 'eth1', inside: 'eth0', products: ['strongswan'] },
  onPremise: { publicAddress: '192.0.2.1', outside: 'eth1', inside: 'eth0', products: ['vyos'] },
};

const ROLLING: NodeRoutesProps = { changes: 'rolling', canary: { maxUnavailable: 2 } };

/** The properties in which a test's site differs from the default one. */
function site(differs: Case = {}): Tree {
  const { name = 'example', pool = 'node-routes', service = 'orders', agent = STUB_AGENT } = differs;
  const folder = mkdtempSync(join(tmpdir(), 'plan-'));
  process.env.CDK8S_OUTDIR = join(folder, 'dist');
  try {
    const cluster = { ...CLUSTER, ...(differs.calicoPool && { podsSeenAs: 'themselves' as const, calicoPool: true }) };
    const made = new Site(name, { cluster, agentBundle: agent });
    const network = made.onPremise('datacentre', {
      subnets: differs.subnets ?? ['192.168.0.0/24', { real: '10.0.1.0/24', mapped: '192.168.1.0/24' }],
      ...(differs.vpn && { vpn: differs.vpn }),
    });
    new NodeRoutes(made, pool, differs.routes);
    if (differs.health !== undefined) new ServerHealth(made, 'server-health', { program: STUB_AGENT });
    if (service !== '')
      new ExternalService(made, service, {
        namespace: 'shop',
        servers: network.servers(...(differs.servers ?? ['192.168.0.10', '10.0.1.11'])),
        ports: { http: differs.port ?? 8080 },
        legacyEndpoints: differs.legacy ?? false,
        ...(differs.health && { health: differs.health }),
      });
    made.synth();
    return treeIn(folder);
  } finally {
    delete process.env.CDK8S_OUTDIR;
    rmSync(folder, { recursive: true });
  }
}

function treeIn(folder: string): Map<string, string> {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  const files = paths.filter((path) => statSync(join(folder, path)).isFile());
  return new Map(files.map((path) => [path, readFileSync(join(folder, path), 'utf8')]));
}

/** The tree with the same replacement in every file. */
function edited(tree: Tree, pattern: RegExp | string, text: string): Tree {
  return new Map([...tree].map(([path, content]) => [path, content.replaceAll(pattern, text)]));
}

/** The agent as versions wrote it that had all of it in one ConfigMap. */
function inOneConfigMap(tree: Tree): Tree {
  const files = new Map([...tree].filter(([path]) => !path.endsWith('-routing.k8s.yaml')));
  const volume =
    / {8}- name: agent\n {10}projected:\n(?: {12}.*\n)*? {18}name: (node-routes-agent-\w+)\n(?: {12}.*\n)*/g;
  return edited(
    files,
    volume,
    '        - configMap:\n            defaultMode: 292\n            name: $1\n          name: agent\n',
  );
}

function page(before: Tree, after: Tree): string {
  return markdownOf(planPage(planOf(before, after, '4f2a1c9 (merge base with main)')));
}

const BASE = site();

test('is one line if nothing changes', () => {
  expect(page(BASE, site())).toBe('Nothing changes against 4f2a1c9 (merge base with main).\n');
});

test.each<[string, Tree, Tree]>([
  [
    'subnets are added and removed, and the routers are configured by other means',
    BASE,
    site({
      subnets: ['192.168.0.0/24', '192.168.64.0/20', 'fd40::/64'],
      servers: ['192.168.0.10'],
      routes: { privateNetworks: ['10.0.0.0/8', 'fd00::/8'] },
    }),
  ],
  [
    'a subnet is added, with the files of both routers',
    site({ vpn: VPN }),
    site({
      vpn: VPN,
      subnets: ['192.168.0.0/24', '192.168.9.0/24', { real: '10.0.1.0/24', mapped: '192.168.1.0/24' }],
    }),
  ],
  [
    'the private network changes, and every next hop with it',
    BASE,
    site({ routes: { privateNetworks: ['10.184.0.0/16'] } }),
  ],
  [
    'one route gets its own next hop',
    BASE,
    site({
      routes: { routes: [{ subnet: '192.168.0.0/24', nextHop: '10.184.0.9', mtu: 1350, comment: 'the new | line' }] },
    }),
  ],
  [
    'the MTU of a route is lowered',
    site({ routes: { routes: [{ subnet: '192.168.0.0/24', mtu: 1400 }] } }),
    site({ routes: { routes: [{ subnet: '192.168.0.0/24', mtu: 1350 }] } }),
  ],
  [
    'prefixes overlap',
    site({ routes: { routes: ['192.168.8.0/24'] } }),
    site({ routes: { routes: ['192.168.8.0/21', { subnet: '192.168.12.0/24', nextHop: '10.184.0.9' }] } }),
  ],
  [
    'a new mapping moves servers',
    BASE,
    site({ subnets: ['192.168.0.0/24', { real: '10.0.1.0/24', mapped: '192.168.7.0/24' }] }),
  ],
  ['servers and a port change', BASE, site({ servers: ['192.168.0.10', '192.168.0.12'], port: 9090 })],
  ['a service loses all of its servers', BASE, edited(BASE, /^endpoints:\n(?: .*\n)+/gm, 'endpoints: []\n')],
  [
    'a list changes in rolling mode',
    site({ routes: { ...ROLLING, nodeCount: 60 } }),
    site({
      routes: { ...ROLLING, nodeCount: 60 },
      subnets: ['192.168.0.0/24', '192.168.9.0/24'],
      servers: ['192.168.0.10'],
    }),
  ],
  ['a pool switches to rolling mode', BASE, site({ routes: ROLLING })],
  ['a service is removed', BASE, site({ service: '' })],
  ['the code of the agent changes', BASE, site({ agent: `${STUB_AGENT}console.log("more");\n` })],
  ['the agent comes from a version that had it in one ConfigMap', inOneConfigMap(BASE), BASE],
  [
    'a setting and the image change',
    BASE,
    site({ routes: { logLevel: 'debug', image: 'docker.io/library/node:26.11.0-trixie-slim' } }),
  ],
  [
    'rights are gained',
    BASE,
    edited(site({ routes: { privileged: true } }), /^ {4}verbs:$/gm, '    verbs:\n      - delete'),
  ],
  ['a pool, a service and their files are renamed', BASE, site({ pool: 'edge-routes', service: 'orders-v2' })],
  ['the protocol changes without formerProtocols', BASE, site({ routes: { protocol: 150 } })],
  ['the list is emptied', BASE, edited(BASE, /^ {4}\[\n(?: {6}.*\n)+ {4}\]$/gm, '    []')],
  [
    'the agents will reject the list, and a file is not YAML',
    BASE,
    new Map([...edited(BASE, '"192.168.0.0/24"', '"192.168.0.1/24"'), ['dist/example/own.yaml', 'kind: [']]),
  ],
  ['a site moves to another folder', site({ vpn: VPN }), site({ name: 'production', vpn: VPN })],
  ['a service changes to EndpointSlices', site({ legacy: true }), BASE],
  ['a service changes to Endpoints', BASE, site({ legacy: true })],
  ['a site without router files is renamed', BASE, site({ name: 'production', servers: ['192.168.0.10'] })],
  ['a site is added', BASE, new Map([...BASE, ...site({ name: 'second' })])],
  ['a site is removed', new Map([...BASE, ...site({ name: 'second', vpn: VPN })]), BASE],
  [
    'an immutable selector changes',
    BASE,
    edited(BASE, /^ {6}app\.kubernetes\.io\/component: route-agent\n {6}app/gm, '      app'),
  ],
  [
    "the user's own objects and a label change",
    new Map([...BASE, ['dist/example/a.yaml', CONFIG_MAP('a')], ['dist/example/c.yaml', CONFIG_MAP('c')]]),
    new Map([
      ...BASE,
      ['dist/example/b.yaml', CONFIG_MAP('b')],
      ['dist/example/c.yaml', CONFIG_MAP('c').replace('team', 'squad')],
    ]),
  ],
])('%s', (_, before, after) => {
  expect(page(before, after)).toMatchSnapshot();
});

function CONFIG_MAP(name: string): string {
  return `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n  labels: { team: network }\ndata: { a: "1", b: "2" }\n`;
}

describe('an uninstall under another name', () => {
  const UNINSTALLED = /is uninstalled and becomes `[\w-]+`: the old agents remove their routes/;
  const REMOVED = 'all pods stop and their routes are removed from the nodes, and on each node the new';

  test.each<[string, Case]>([
    ['another namespace', { routes: { namespace: 'network' } }],
    ['another name and another ConfigMap', { pool: 'edge-routes', routes: { configMapName: 'edge-routes' } }],
  ])('is reported as a danger, with the way to prevent it: %s', (_, differs) => {
    const text = page(BASE, site(differs));
    expect(text).toMatch(UNINSTALLED);
    expect(text).toContain("merge `onUninstall: 'keep'` first");
    expect(text).toContain(REMOVED);
  });

  test.each<[string, Tree, Case]>([
    ['the ConfigMap keeps its name', BASE, { pool: 'edge-routes' }],
    ['the DaemonSet keeps its name', BASE, { routes: { configMapName: 'edge-routes' } }],
    [
      'the old agents keep their routes',
      site({ routes: { onUninstall: 'keep' } }),
      { routes: { namespace: 'network' } },
    ],
  ])('is not reported if %s', (_, before, after) => {
    const text = page(before, site(after));
    expect(text).not.toMatch(UNINSTALLED);
    expect(text).not.toContain('are removed from the nodes');
  });
});

test('restarts a pool that learns about a disjoint pool, and shows the new setting', () => {
  const setting = '{ name: DISJOINT_PROTOCOLS, value: "143" }';
  const text = page(BASE, edited(BASE, '- name: LOG_LEVEL', `- ${setting}\n            - name: LOG_LEVEL`));
  expect(text).toMatch(/`DISJOINT_PROTOCOLS` \| `143`/);
  expect(text).toContain('the agents on all Linux nodes restart, 10% at a time; routes stay in place');
});

test.each<[NodeRoutesProps, string]>([
  [
    { canary: { maxUnavailable: 1 } },
    '1 node first, the others when these are Ready; about 50 min for 100 nodes (100 waves of 30 s)',
  ],
  [
    { canary: { maxUnavailable: '10%' } },
    '10% of the nodes first, the others when these are Ready; about 5 min for all (10 waves of 30 s)',
  ],
  [
    { canary: { maxUnavailable: '15%' }, nodeCount: 10 },
    '2 of 10 nodes first, the others when these are Ready; about 3 min for all (5 waves of 30 s)',
  ],
  [
    { canary: { maxUnavailable: 1 }, nodeCount: 1020 },
    '1 of 1020 nodes first, the others when these are Ready; about 8.5 h for all (1020 waves of 30 s)',
  ],
  [
    { canary: { maxUnavailable: 5 }, nodeCount: 3 },
    '3 of 3 nodes first, the others when these are Ready; about 30 s for all (1 wave of 30 s)',
  ],
])('%j: states how many nodes come first, and how long the rollout takes', (props, text) => {
  const routes = { ...ROLLING, ...props };
  const now = planOf(site({ routes }), site({ routes: { ...routes, routes: ['192.168.8.0/24'] } }), 'HEAD');
  expect(now.sites[0]?.pools[0]?.restart).toEqual({
    restarts: true,
    text: `the agents on all Linux nodes restart, ${text}; routes stay in place`,
  });
  const isAll = props.nodeCount === 3;
  expect(markdownOf(planPage(now)).includes('are canaries')).toBe(isAll);
});

test('reports a danger if the ConfigMap differs from the list in the pod template', () => {
  const before = site({ routes: ROLLING });
  const text = page(before, edited(before, /^ {4}\[\n(?: {6}.*\n)+ {4}\]$/gm, '    []'));
  expect(text).toContain('holds a different list from the one in the pod template: run `npm run synth`');
});

describe('the health of a Service', () => {
  const health: ServerHealthProbe = { http: { path: '/healthz' } };
  const handover = { ...health, handover: true };
  const plan = (before: Case, after: Case) => page(site(before), site(after));

  test('shows the probes, the program and its rights, and that its slices are removed from Git', () => {
    expect(plan({ health: handover }, { health })).toMatchSnapshot();
    expect(plan({}, { health: handover })).toMatchSnapshot();
  });

  test('keeps the servers unchanged if the writer of their endpoints changes', () => {
    const [service] = planOf(site({}), site({ health }), 'main').sites[0]?.services ?? [];
    expect(service).toMatchObject({ total: 2, added: [], removed: [], readdressed: [] });
  });

  test.each<[string, Case, Case, string | undefined]>([
    ['on at once', {}, { health }, 'GitOps deletes the EndpointSlices before'],
    ['off at once', { health }, {}, 'GitOps may write the EndpointSlices after'],
    ['on, the first step', {}, { health: handover }, undefined],
    ['on, the second step', { health: handover }, { health }, undefined],
    ['off, the first step', { health }, { health: handover }, undefined],
    ['off, the second step', { health: handover }, {}, undefined],
  ])('when switched %s', (_, before, after, risk) => {
    const text = plan(before, after);
    if (risk === undefined) expect(text).not.toContain('GitOps');
    else expect(text).toContain(risk);
  });
});

describe('pools that exempt packets from pods from masquerading', () => {
  const POOLS = 'dist/example/calico-pools.k8s.yaml';
  const before = site({ calicoPool: true });
  const dangersOf = (after: Tree, from: Tree = before) =>
    planOf(from, after, 'HEAD').sites.flatMap(({ risks }) =>
      risks.filter(({ level }) => level === 'danger').map(({ text }) => text),
    );
  const masqueraded = (subnets: string, names: string) =>
    `packets from pods to ${subnets} will leave with their node's address: the IPPool ${names} no longer exempts them from masquerading, but routes to them stay. The VPN drops them if no selector contains the nodes; otherwise on-premise servers see nodes instead of pods`;

  test('are reported as a danger if they are removed while routes stay', () => {
    const without = new Map(before);
    without.delete(POOLS);
    expect(dangersOf(without)).toEqual([
      masqueraded('`192.168.0.0/24`, `192.168.1.0/24`', '`example-192-168-0-0-24`, `example-192-168-1-0-24`'),
    ]);
  });

  test('are reported as a danger if they shrink, which Calico rejects under the same name', () => {
    const smaller = edited(before, 'cidr: 192.168.0.0/24', 'cidr: 192.168.0.0/25');
    expect(dangersOf(smaller)).toEqual([
      masqueraded('`192.168.0.128/25`', '`example-192-168-0-0-24`'),
      'IPPool `example-192-168-0-0-24` cannot be applied: `spec.cidr` is immutable; delete the object first',
    ]);
  });

  test('are reported as rejected by Calico while an overlapping pool exists', () => {
    const narrower = edited(edited(before, 'cidr: 192.168.0.0/24', 'cidr: 192.168.0.0/25'), '168-0-0-24', '168-0-0-25');
    expect(dangersOf(narrower)).toEqual([
      masqueraded('`192.168.0.128/25`', '`example-192-168-0-0-24`'),
      'IPPool `example-192-168-0-0-25` cannot be applied: Calico rejects a pool that overlaps another one; delete `example-192-168-0-0-24` first',
    ]);
  });

  test('can be removed safely if the routes go too, or if another pool covers the subnet', () => {
    expect(dangersOf(site({ calicoPool: true, subnets: ['192.168.0.0/24'], servers: ['192.168.0.10'] }))).toEqual([]);
    const own = `apiVersion: crd.projectcalico.org/v1\nkind: IPPool\nmetadata:\n  name: own\nspec:\n  cidr: 192.168.0.0/16\n`;
    const covered = new Map([...before, [POOLS, own]]);
    const kept = new Map([...before, ['dist/example/own.yaml', own]]);
    expect(dangersOf(covered, kept)).toEqual([]);
    const elsewhere = new Map([...before, [POOLS, own.replace('192.168.0.0/16', '10.99.0.0/16')]]);
    expect(dangersOf(elsewhere)).toContain(
      masqueraded('`192.168.0.0/24`, `192.168.1.0/24`', '`example-192-168-0-0-24`, `example-192-168-1-0-24`'),
    );
  });

  test('are compared with the routes that nodes keep if they reject the list', () => {
    const without = new Map(edited(before, '"192.168.0.0/24"', '"192.168.0.1/24"'));
    without.delete(POOLS);
    expect(dangersOf(without)).toContain(
      masqueraded('`192.168.0.0/24`, `192.168.1.0/24`', '`example-192-168-0-0-24`, `example-192-168-1-0-24`'),
    );
  });
});

test('shows where two long values differ', () => {
  const long = (end: string) => `${'x'.repeat(80)}${end}`;
  const labelled = (end: string) => site({ routes: { annotations: { note: long(end) } } });
  const text = page(labelled('one'), labelled('two'));
  expect(text).toContain('…xxxxxxxxxxxxxxxxxxxxone');
  expect(text).toContain('…xxxxxxxxxxxxxxxxxxxxtwo');
});

test('ignores that objects move to another file', () => {
  const moved = new Map([...BASE].map(([path, text]) => [path.replace('orders.k8s', 'shop.k8s'), text]));
  expect(page(BASE, moved)).toContain('the objects are unchanged; only file names or formatting differ');
});

test('shows dangers in red on a terminal, and uses no colour when colour is off', () => {
  const blocks = planPage(planOf(BASE, site({ routes: { privileged: true, routes: ['192.168.8.0/24'] } }), 'HEAD'));
  expect(terminalTextOf(blocks, true).replaceAll('\u001b', '␛')).toMatchSnapshot();
  expect(terminalTextOf(blocks, false)).not.toContain('\u001b');
});

test('folds a long list of routes in a pull request and cuts it on a terminal, but counts all of them', () => {
  const subnets = Array.from({ length: 600 }, (_, i) => `192.168.${64 + (i >> 4)}.${(i & 15) << 4}/28`);
  const blocks = planPage(planOf(BASE, site({ routes: { routes: subnets } }), 'HEAD'));
  expect(markdownOf(blocks)).toContain('600 routes added (9,600 addresses)');
  expect(markdownOf(blocks)).toContain('<details><summary>575 more</summary>');
  expect(markdownOf(blocks)).toContain('… and 75 more');
  expect(terminalTextOf(blocks, false)).toContain('… and 560 more');
});

test('the content of a manifest cannot move the cursor of a terminal or end the markup of a name', () => {
  const evil = edited(
    site({ routes: { routes: [{ subnet: '192.168.8.0/24', comment: 'COMMENT' }] } }),
    'COMMENT',
    'a`b\\u001b[2J<b>',
  );
  const own = ['dist/example/own.yaml', CONFIG_MAP('own').replace('"1"', '"\\e[2J`<b>"')] as const;
  const text = page(new Map([...BASE, [own[0], CONFIG_MAP('own')]]), new Map([...evil, own]));
  expect(text).toContain("`1` → ` [2J'<b>`");
  expect(text).not.toContain('\u001b');
  expect(text.replaceAll(/`[^`\n]*`/g, '')).not.toContain('<b>');
});

test('can be read as JSON by programs', () => {
  const plan = planOf(BASE, site({ routes: { routes: ['192.168.8.0/24'] } }), 'HEAD');
  expect(JSON.parse(JSON.stringify(plan))).toMatchObject({
    isChanged: true,
    sites: [
      {
        name: 'example',
        pools: [
          { name: 'node-routes', routes: { added: [{ subnet: '192.168.8.0/24' }] }, restart: { restarts: false } },
        ],
      },
    ],
  });
});

test('never names the folder of a site that does not exist', () => {
  const sites = [BASE, site({ name: 'production' }), site({ name: 'second', service: '' }), new Map<string, string>()];
  for (const before of sites) for (const after of sites) expect(page(before, after)).not.toContain('undefined');
});

test('names the folders of both parts if a site is split', () => {
  const part = (name: string, ...subnets: string[]) => site({ subnets, name, service: '' });
  const parts = new Map([...part('one', '192.168.0.0/24'), ...part('two', '192.168.4.0/24')]);
  const text = page(part('both', '192.168.0.0/24', '192.168.4.0/24'), parts);
  expect(text).toContain(
    'the folder `dist/both/` is now `dist/one/`: the tool that syncs the old path deletes all of its objects',
  );
  for (const folder of ['routers/one/', 'routers/two/'])
    expect(text).toContain(`\`192.168.4.0/24\` is added or removed, but no file in \`${folder}\` changes`);
});
