import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { treeIn } from '../../../test/tree';
import {
  ExternalService,
  NodeRoutes,
  type NodeRoutesProps,
  type OnPremiseProps,
  Site,
  type SiteProps,
  type VpnProps,
} from '../../index';
import { proofLines, proofText } from './page';
import { proofsOf, type SiteProof } from './prove';

let folder: string;
beforeEach(() => {
  jest.spyOn(console, 'warn').mockReturnValue();
  folder = mkdtempSync(join(tmpdir(), 'synthesised-'));
  process.env.CDK8S_OUTDIR = join(folder, 'dist');
});
afterEach(() => {
  jest.restoreAllMocks();
  delete process.env.CDK8S_OUTDIR;
  rmSync(folder, { recursive: true });
});

const CLUSTER: SiteProps['cluster'] = {
  nodes: [{ real: '10.0.1.0/27', mapped: '192.168.2.0/27' }],
  pods: ['172.30.0.0/16'],
  services: ['172.21.0.0/16'],
};
const MAPPED_PODS = [{ real: '172.30.0.0/16', mapped: '10.130.0.0/16' }];
const END = { outside: 'eth1', inside: 'eth0' };
const vpnTo = (address: string, near = {}, far = {}): VpnProps => ({
  cluster: { ...END, publicAddress: '203.0.113.1', ...near },
  onPremise: { ...END, publicAddress: address, ...far },
});
const SUBNETS = ['192.168.0.0/24', { real: '10.0.1.0/24', mapped: '192.168.1.0/24' }];
const HANDOVER = { http: { path: '/' }, handover: true };
const HOPS = { outsideNextHops: ['203.0.113.2'], insideNextHops: ['10.0.1.30'] };
const FAR_HOPS = { outsideNextHops: ['192.0.2.2'], insideNextHops: ['192.168.0.254'] };

const SERVERS = ['10.0.1.10', '10.0.1.11'];

interface Case {
  readonly cluster?: Partial<SiteProps['cluster']>;
  readonly networks?: Readonly<Record<string, OnPremiseProps>>;
  readonly routes?: NodeRoutesProps;
  readonly service?: object;
  readonly servers?: readonly string[];
}

function proofOfSite(name: string, { cluster, networks, routes, service, servers = SERVERS }: Case) {
  const site = new Site(name, { cluster: { ...CLUSTER, ...cluster }, agentBundle: '// no agent runs here\n' });
  const all = Object.entries(networks ?? { datacentre: { subnets: SUBNETS, vpn: vpnTo('192.0.2.1') } });
  const [first] = all.map(([id, props]) => site.onPremise(id, props));
  new NodeRoutes(site, 'node-routes', routes);
  const props = { namespace: 'default', servers: first?.servers(...servers) ?? [] };
  new ExternalService(site, 'orders', { ...props, ports: { http: 8080 }, ...service });
  site.synth();
  return proofsOf(treeIn(folder));
}

test.each<[string, Case]>([
  [
    'routers that learn the route to pods',
    {
      cluster: { podsSeenAs: 'themselves' },
      networks: { a: { subnets: SUBNETS, vpn: vpnTo('192.0.2.1', { ...HOPS, podNextHops: [] }, FAR_HOPS) } },
    },
  ],
  [
    'routes to pods',
    {
      cluster: { podsSeenAs: 'themselves', pods: MAPPED_PODS },
      networks: { a: { subnets: SUBNETS, vpn: vpnTo('192.0.2.1', { ...HOPS, podNextHops: ['10.0.1.29'] }, FAR_HOPS) } },
    },
  ],
  [
    'pods that are mapped',
    {
      cluster: { podsSeenAs: 'themselves', pods: MAPPED_PODS },
      networks: { a: { subnets: SUBNETS, vpn: vpnTo('192.0.2.1', { podNextHops: ['10.0.1.29'] }) } },
    },
  ],
  ['pods behind their nodes', { cluster: { podsSeenAs: 'nodes' } }],
  ['next hops on all sides', { networks: { a: { subnets: SUBNETS, vpn: vpnTo('192.0.2.1', HOPS, FAR_HOPS) } } }],
  [
    'addresses that a cloud translates',
    { networks: { a: { subnets: SUBNETS, vpn: vpnTo('192.0.2.1', { localAddress: '10.200.0.4' }) } } },
  ],
  [
    'CBC and other groups',
    {
      networks: {
        a: {
          subnets: SUBNETS,
          vpn: {
            ...vpnTo('192.0.2.1'),
            ike: { encryption: 'aes128', hash: 'sha256', dhGroup: 14 },
            esp: { encryption: 'aes256', hash: 'sha512', dhGroup: 31 },
          },
        },
      },
    },
  ],
  [
    'two networks in one tunnel',
    {
      networks: {
        a: { subnets: SUBNETS, vpn: vpnTo('192.0.2.1') },
        b: { subnets: ['192.168.9.0/24'], vpn: vpnTo('192.0.2.1') },
      },
    },
  ],
  [
    'two tunnels of one router',
    {
      networks: {
        a: { subnets: SUBNETS, vpn: vpnTo('192.0.2.1') },
        b: { subnets: ['192.168.9.0/24'], vpn: vpnTo('198.51.100.1') },
      },
    },
  ],
  [
    'a network without vpn beside one with it',
    { networks: { a: { subnets: SUBNETS, vpn: vpnTo('192.0.2.1') }, b: { subnets: ['192.168.9.0/24'] } } },
  ],
  [
    'routers configured by other means, which translate nothing',
    { networks: { a: { subnets: ['192.168.0.0/24', '10.0.9.0/24'] } }, servers: ['192.168.0.10', '10.0.9.10'] },
  ],
  ['routers configured by other means', { networks: { a: { subnets: SUBNETS } } }],
  [
    'both families',
    {
      cluster: {
        nodes: [{ real: '10.0.1.0/27', mapped: '192.168.2.0/27' }, 'fd00:1::/64'],
        pods: ['172.30.0.0/16', 'fd00:30::/48'],
        services: ['172.21.0.0/16', 'fd00:21::/108'],
      },
      networks: { a: { subnets: [...SUBNETS, 'fd00:50::/64'], vpn: vpnTo('192.0.2.1') } },
      routes: { privateNetworks: ['10.0.0.0/8', 'fd00::/16'] },
    },
  ],
  [
    'the largest segments that a site may have',
    { networks: { a: { subnets: SUBNETS, vpn: { ...vpnTo('192.0.2.1'), mss: 1388 } } } },
  ],
  ['a separate routing table', { routes: { table: 200 } }],
  ['rolling changes', { routes: { changes: 'rolling', canary: { maxUnavailable: 1 } } }],
  [
    'a route with its own next hop',
    { routes: { routes: [{ subnet: '192.168.1.0/24', nextHop: '10.0.1.3', mtu: 1400 }] } },
  ],
  ['an MTU that fits exactly', { routes: { routes: [{ subnet: '192.168.1.0/24', mtu: 1438 }], metric: 50 } }],
  ['servers that are probed', { service: { health: { http: { path: '/' } } } }],
  ['servers that are probed while Git keeps their endpoints', { service: { health: HANDOVER } }],
  ['a headless Service', { service: { headless: true } }],
  ['deprecated Endpoints', { service: { legacyEndpoints: true } }],
  [
    'UDP and several ports',
    { service: { ports: { dns: { port: 53, protocol: 'UDP' }, http: { port: 80, serverPort: 8080 } } } },
  ],
])('the output of synth for %s is consistent', (_, one) => {
  const proofs = proofOfSite('site', one);
  expect(proofs.length).toBeGreaterThan(0);
  const broken = proofs.flatMap(({ product, ways }) =>
    ways.filter(({ result }) => result === 'broken').map((way) => ({ product, ...way })),
  );
  expect(broken).toEqual([]);
});

test('routers with one product each count as one pair, and the proof claims no more than for the less tested product', () => {
  const vpn = vpnTo('192.0.2.1', { products: ['strongswan'] }, { products: ['vyos'] });
  const proofs = proofOfSite('site', { networks: { a: { subnets: SUBNETS, vpn } } });
  expect(proofs.map(({ product, products }) => [product, products])).toEqual([
    [undefined, { cluster: ['strongswan'], onPremise: ['vyos'] }],
  ]);
  const text = proofText(proofs, true);
  expect(text).toContain(
    'site, strongSwan and nftables in the cluster, VyOS on premise: 4 of 4 paths consistent by our reader\n',
  );
  expect(text).toContain('  orders 8080 → 10.0.1.10:8080          consistent by our reader\n');
});

test("reports routes to the pods that are missing from a router's files", () => {
  proofOfSite('site', {
    cluster: { podsSeenAs: 'themselves', pods: MAPPED_PODS },
    networks: { a: { subnets: SUBNETS, vpn: vpnTo('192.0.2.1', { podNextHops: ['10.0.1.29'] }) } },
  });
  const tree = treeIn(folder);
  const path = [...tree.keys()].find((name) => name.endsWith('cluster-to-a/routes.batch')) as string;
  const without = (tree.get(path) as string).replace(/^route replace \S+ via 10\.0\.1\.29 .*\n/gm, '');
  expect(without).not.toBe(tree.get(path));
  const [proof] = proofsOf(new Map([...tree, [path, without]]));
  expect(proof?.ways.filter(({ result }) => result === 'broken').map(({ name }) => name)).toEqual([
    'router cluster → pods',
  ]);
});

test('follows both sets of endpoints while Git keeps those of probed servers', () => {
  proofOfSite('site', { service: { health: HANDOVER } });
  const tree = treeIn(folder);
  const list = 'dist/site/server-health.k8s.yaml';
  const moved = (tree.get(list) as string).replaceAll('192.168.1.11', '192.168.1.99');
  expect(moved).not.toBe(tree.get(list));
  const [proof] = proofsOf(new Map([...tree, [list, moved]]));
  const broken = proof?.ways.filter(({ result }) => result === 'broken') ?? [];
  expect(broken.map(({ name }) => name)).toEqual(['orders 8080 → 10.0.1.10:8080', 'orders 8080 → 10.0.1.11:8080']);
  expect(broken[0]?.troubles[0]?.text).toBe(
    'the server health program has 192.168.1.99, which leads to 10.0.1.99: not a server of this Service',
  );
});

describe('behind routers that are configured by other means', () => {
  const networks = { a: { subnets: [...SUBNETS, 'fd00:50::/64'] } };
  const cluster = {
    nodes: [{ real: '10.0.1.0/27', mapped: '192.168.2.0/27' }, 'fd00:1::/64'],
    pods: ['172.30.0.0/16', 'fd00:30::/48'],
    services: ['172.21.0.0/16', 'fd00:21::/108'],
  };
  const servers = ['10.0.1.10', 'fd00:50::10'];
  const routes = { privateNetworks: ['10.0.0.0/8', 'fd00::/16'] };
  const ways = [
    'orders 8080 → 10.0.1.10:8080',
    'orders 8080 → fd00:50::10:8080',
    'nodes of onprem-link/node-routes → a',
    'a → nodes of onprem-link/node-routes',
  ];
  const proofWith = (path: string, change: (text: string) => string) => {
    proofOfSite('site', { networks, cluster, servers, routes });
    const tree = treeIn(folder);
    const text = tree.get(path) as string;
    return proofsOf(new Map([...tree, [path, change(text)]]))[0]?.ways ?? [];
  };
  const brokenWith = (path: string, from: string, to: string) => {
    const found = proofWith(path, (text) => {
      expect(text).toContain(from);
      return text.replace(from, to);
    });
    return found.flatMap(({ name, result, troubles }) => (result === 'broken' ? [[name, troubles[0]?.text]] : []));
  };

  test('each path shows its own server, family and addresses', () => {
    const found = proofWith('dist/site/orders.k8s.yaml', (text) => text);
    expect(found.map(({ name, result }) => [name, result])).toEqual(ways.map((name) => [name, 'assumed']));
    expect(found.slice(0, 2).map(({ hops }) => hops.map(({ text }) => text))).toEqual([
      [
        '172.30.0.0/16 → 192.168.1.10:8080 by Service orders, EndpointSlice orders-ipv4',
        'as its address in 10.0.1.0/27 (assumed)',
        '192.168.1.0/24 by the private next hop',
        'those of a are configured by other means',
      ],
      [
        'fd00:30::/48 → fd00:50::10:8080 by Service orders, EndpointSlice orders-ipv6',
        'as its address in fd00:1::/64 (assumed)',
        'fd00:50::/64 by the private next hop',
        'those of a are configured by other means',
      ],
    ]);
  });

  test.each([
    ['dist/site/orders.k8s.yaml', '- fd00:50::10', '- fd00:50::77', 1, 'no endpoint leads to fd00:50::10'],
    ['dist/site/orders.k8s.yaml', '- 192.168.1.10', '- 10.0.1.10', 0, 'no endpoint leads to 10.0.1.10'],
  ])('%s: reports an endpoint %s that became %s', (path, from, to, index, text) => {
    const found = brokenWith(path, from, to);
    expect(found).toContainEqual([ways[index], text]);
    expect(found.map(([name]) => name)).toEqual(ways.slice(0, 2)); // both, because pods of either pool may use it
  });

  test('a subnet that is missing from the list', () => {
    const found = brokenWith('dist/site/node-routes.k8s.yaml', ',\n      "fd00:50::/64"', '');
    expect(found).toEqual(ways.slice(1).map((name) => [name, expect.stringMatching(/^no route to fd00:50::/)]));
  });

  test('an endpoint on another port', () => {
    const found = proofWith('dist/site/orders.k8s.yaml', (text) =>
      text.replace(/(kind: EndpointSlice[\s\S]*?port: )8080/, '$18081'),
    );
    expect(found[0]).toMatchObject({
      result: 'broken',
      troubles: [expect.objectContaining({ text: expect.stringContaining('sends to port 8081') })],
    });
  });
});

describe('pools of which only one reaches the servers', () => {
  const proofOfPools = () => {
    const site = new Site('site', { cluster: CLUSTER, agentBundle: '// no agent runs here\n' });
    const a = site.onPremise('a', { subnets: ['192.168.5.0/24'] });
    const b = site.onPremise('b', { subnets: SUBNETS, vpn: vpnTo('192.0.2.1') });
    const own = (pool: string) => ({ nodeSelector: { pool }, configMapName: `routes-${pool}` });
    new NodeRoutes(site, 'web', { networks: [a], ...own('web') });
    new NodeRoutes(site, 'batch', { networks: [a, b], ...own('batch'), protocol: 143, port: 9143 });
    new ExternalService(site, 'orders', {
      namespace: 'default',
      servers: b.servers('10.0.1.10', '10.0.1.11'),
      ports: { http: 8080 },
    });
    site.synth();
    return treeIn(folder);
  };

  /** The list of the pool that reaches the servers lacks one of them. */
  const withoutOneServer = (tree: Map<string, string>) => {
    const path = 'dist/site/batch.k8s.yaml';
    const list = (tree.get(path) as string).replace('"192.168.1.0/24"', '"192.168.1.10/32"');
    return new Map([...tree, [path, list]]);
  };

  test('are consistent, and the proof states where pods must run', () => {
    const [proof] = proofsOf(proofOfPools());
    expect(proof?.ways.filter(({ result }) => result === 'broken')).toEqual([]);
    expect(proof?.assumed).toContain(
      'pods that use Services of b run on nodes of onprem-link/batch; those of onprem-link/web do not reach it',
    );
  });

  test('a missing route of the other pool breaks only the paths of its servers', () => {
    const [proof] = proofsOf(withoutOneServer(proofOfPools()));
    const broken = proof?.ways.filter(({ name, result }) => name.startsWith('orders') && result === 'broken');
    expect(broken).toMatchObject([
      {
        name: 'orders 8080 → 10.0.1.11:8080',
        troubles: [{ where: 'nodes of onprem-link/batch', text: 'no route to 192.168.1.11/32' }],
      },
    ]);
  });

  test('does not take a site without its router files for one whose routers are configured by other means', () => {
    const tree = [...proofOfPools()].filter(([path]) => !/^routers\/site\/.*\//.test(path));
    const [proof] = proofsOf(new Map(tree));
    expect(proof?.ways.filter(({ result }) => result === 'broken').map(({ name }) => name)).toContain(
      'router cluster → b',
    );
  });

  test('check counts all paths in its title, including those that it does not show', () => {
    const [proof] = proofsOf(withoutOneServer(proofOfPools()));
    const results = proof?.ways.map(({ result }) => result);
    expect(new Set(results)).toEqual(new Set(['consistent', 'assumed', 'broken']));
    const count = (wanted: string) => results?.filter((result) => result === wanted).length;
    expect(proofLines([proof as SiteProof]).split('\n')[0]).toBe(
      `paths: site, strongSwan and nftables: ${count('consistent')} of ${results?.length} paths consistent, ${count('assumed')} assumed`,
    );
  });
});
