import { fixtureSite } from '../../../test/fixture-site';
import { treeIn } from '../../../test/tree';
import { proofLines, proofPage, proofText, wayPicture } from './page';
import { proofsOf, type SiteProof } from './prove';

const WRITTEN = treeIn(fixtureSite());
const CLUSTER = 'routers/example/cluster-to-datacentre';
const PREMISES = 'routers/example/datacentre-to-cluster';
const LIST = 'dist/example/node-routes.k8s.yaml';
const SERVICE = 'dist/example/orders-service.k8s.yaml';
const [FIRST, SECOND] = ['orders-service 8080 → 10.0.1.10:8080', 'orders-service 8080 → 10.0.1.11:8080'];
const [THERE, BACK] = [
  'nodes of onprem-link/node-routes → datacentre',
  'datacentre → nodes of onprem-link/node-routes',
];

/** The proof for the Linux routers' files, with one file changed. */
function proofWith(path?: string, change: (text: string) => string = (text) => text): SiteProof {
  const tree = new Map(WRITTEN);
  if (path !== undefined) {
    const text = tree.get(path) as string;
    expect(change(text)).not.toBe(text);
    tree.set(path, change(text));
  }
  return proofsOf(tree)[0] as SiteProof;
}

const brokenOf = ({ ways }: SiteProof) => ways.filter(({ result }) => result === 'broken').map(({ name }) => name);
const without = (line: RegExp) => (text: string) => text.replace(line, '');
const lineOf = (path: string, part: string) =>
  (WRITTEN.get(path) as string).split('\n').findIndex((line) => line.includes(part)) + 1;

test('every path of the example is consistent, hop by hop, for each product', () => {
  const proofs = proofsOf(WRITTEN);
  expect(proofs.map(({ product, ways }) => [product, ways.map(({ result }) => result)])).toEqual([
    ['strongswan', Array(4).fill('consistent')],
    ['vyos', Array(4).fill('consistent')],
    ['fortigate', Array(4).fill('consistent')],
    ...Array(6).fill([undefined, Array(4).fill('consistent')]),
  ]);
  expect(proofs.slice(3).map(({ products: { cluster, onPremise } }) => `${cluster} ${onPremise}`)).toEqual([
    'strongswan vyos',
    'strongswan fortigate',
    'vyos strongswan',
    'vyos fortigate',
    'fortigate strongswan',
    'fortigate vyos',
  ]);
  expect(proofText(proofs.slice(0, 1), false)).toMatchSnapshot();
  expect(proofText(proofs.slice(1), true)).toContain(`${FIRST}           consistent by our reader`);
  const rest = 'example, 6 pairs of different products: 24 of 24 paths consistent by our reader';
  expect(proofText(proofs, false)).toContain(`\n\n${rest}\n`);
  expect(proofLines(proofs)).toBe(
    [
      'paths: example, strongSwan and nftables: 4 of 4 paths consistent',
      'paths: example, VyOS: 4 of 4 paths consistent by our reader',
      'paths: example, FortiGate: 4 of 4 paths consistent by our reader',
      `paths: ${rest}\n`,
    ].join('\n'),
  );
  expect(proofPage(proofs).at(-1)).toEqual({ kind: 'line', text: rest });
  expect(proofs[0]?.isUnsaid).toBe(true);
});

test.each<[string, string, (text: string) => string, string[], RegExp]>([
  [
    'a selector narrowed at one end',
    `${CLUSTER}/swanctl.conf`,
    (text) => text.replace('remote_ts = 192.168.1.0/24', 'remote_ts = 192.168.1.0/25'),
    [THERE, BACK],
    /no selector holds 192\.168\.2\.0\/27 → 192\.168\.1\.128\/25/,
  ],
  [
    'a selector narrowed at the other end',
    `${PREMISES}/swanctl.conf`,
    (text) => text.replace('local_ts = 192.168.1.0/24', 'local_ts = 192.168.1.128/25'),
    [FIRST, SECOND, THERE, BACK],
    /is narrowed by the other end's 192\.168\.1\.128\/25 ↔ 192\.168\.2\.0\/27/,
  ],
  [
    'another ESP proposal',
    `${PREMISES}/swanctl.conf`,
    (text) => text.replaceAll('esp_proposals = aes256gcm16-ecp384', 'esp_proposals = aes128gcm16-ecp384'),
    [FIRST, SECOND, THERE, BACK],
    /ESP proposals differ: aes256gcm - 20 here, aes128gcm - 20 at the other end/,
  ],
  [
    'another IKE proposal',
    `${CLUSTER}/swanctl.conf`,
    (text) => text.replace('aes256gcm16-prfsha384-ecp384', 'aes256gcm16-prfsha256-ecp384'),
    [FIRST, SECOND, THERE, BACK],
    /IKE proposals differ/,
  ],
  [
    'an identity that the other end does not know',
    `${CLUSTER}/swanctl.conf`,
    (text) =>
      text
        .replaceAll('id = 203.0.113.1', 'id = cluster.example')
        .replace('id-local = 203.0.113.1', 'id-local = cluster.example'),
    [FIRST, SECOND, THERE, BACK],
    /identities differ/,
  ],
  [
    'a wrong address of the other end',
    `${PREMISES}/swanctl.conf`,
    (text) => text.replace('remote_addrs = 203.0.113.1', 'remote_addrs = 203.0.113.9'),
    [FIRST, SECOND, THERE, BACK],
    /expects the other at 203\.0\.113\.9, but its address is 203\.0\.113\.1/,
  ],
  [
    'source NAT left out',
    `${CLUSTER}/nftables.conf`,
    without(/^.*snat ip prefix.*\n/m),
    [FIRST, SECOND, THERE],
    /no selector holds 10\.0\.1\.0\/27/,
  ],
  [
    'destination NAT left out on premise',
    `${PREMISES}/nftables.conf`,
    without(/^.*dnat ip prefix.*\n/m),
    [FIRST, SECOND, THERE],
    /goes back into a tunnel|do not arrive|no endpoint leads to 10\.0\.1\.1/,
  ],
  [
    'a shifted prefix of the destination NAT',
    `${PREMISES}/nftables.conf`,
    (text) => text.replace('192.168.1.0/24 : 10.0.1.0/24 }\n', '192.168.1.0/24 : 10.0.2.0/24 }\n'),
    [FIRST, SECOND, THERE],
    /192\.168\.1\.10 leads to 10\.0\.2\.10/,
  ],
  [
    'destination NAT left out at the cluster',
    `${CLUSTER}/nftables.conf`,
    without(/^.*dnat ip prefix.*\n/m),
    [BACK],
    /to 10\.0\.1\.0\/27 do not arrive/,
  ],
  [
    'a route left out',
    `${CLUSTER}/routes.batch`,
    without(/^route replace 192\.168\.1\.0\/24.*\n/m),
    [FIRST, SECOND, THERE, BACK],
    /no route to 192\.168\.1\.1/,
  ],
  [
    'no segment limit in one direction',
    `${CLUSTER}/nftables.conf`,
    without(/^.*saddr .*maxseg.*\n/m),
    [FIRST, SECOND, THERE, BACK],
    /nothing limits TCP segments/,
  ],
  [
    'segments that do not fit',
    `${PREMISES}/nftables.conf`,
    (text) => text.replaceAll('set 1350', 'set 1460'),
    [FIRST, SECOND, THERE, BACK],
    /1460 bytes do not fit through ESP/,
  ],
  [
    'two subnets mapped to one range',
    `${PREMISES}/nftables.conf`,
    (text) => text.replace('192.168.0.0/24 : 192.168.0.0/24', '192.168.0.0/24 : 192.168.1.0/24'),
    ['answers at router datacentre'],
    /192\.168\.0\.0\/24 and 10\.0\.1\.0\/24 both become 192\.168\.1\.0\/24, so answers to them collide/,
  ],
  [
    'a child that neither end opens',
    `${CLUSTER}/swanctl.conf`,
    (text) => text.replace(/(remote_ts = 192\.168\.1\.0\/24\n(?:.*\n){2} +start_action = )start/, '$1none'),
    [FIRST, SECOND, THERE, BACK],
    /neither end opens 192\.168\.2\.0\/27 ↔ 192\.168\.1\.0\/24/,
  ],
  [
    'a route that leads back to the cluster',
    `${CLUSTER}/routes.batch`,
    (text) => text.replace('192.168.1.0/24 via 203.0.113.2 dev eth1', '192.168.1.0/24 via 10.0.1.2 dev eth0'),
    [FIRST, SECOND, THERE, BACK],
    /the route to 192\.168\.1\.0\/24 leads to eth0, which the packets come from/,
  ],
  [
    'a route of answers that leads back on premise',
    `${PREMISES}/routes.batch`,
    (text) => text.replace('192.168.2.0/27 via 192.0.2.2 dev eth1', '192.168.2.0/27 via 192.168.0.1 dev eth0'),
    [FIRST, SECOND, THERE, BACK],
    /router datacentre.*the route to 192\.168\.2\.0\/27 leads to eth0/,
  ],
  [
    'a router that does not forward',
    `${PREMISES}/sysctl.conf`,
    (text) => text.replace('ip_forward = 1', 'ip_forward = 0'),
    [FIRST, SECOND, THERE, BACK],
    /does not forward IPv4 packets/,
  ],
  [
    'a subnet missing from the list',
    LIST,
    without(/^ +"192\.168\.1\.0\/24"\n/m),
    [FIRST, SECOND, THERE, BACK],
    /no route to 192\.168\.1\.1|no route back to 192\.168\.1\.0\/24/,
  ],
  [
    'an endpoint moved',
    SERVICE,
    (text) => text.replace('- 192.168.1.10\n', '- 192.168.1.77\n'),
    [FIRST, SECOND],
    /10\.0\.1\.77/,
  ],
  [
    'an endpoint on another port',
    SERVICE,
    (text) =>
      text.replace(/(ports:\n {2}- name: http\n {4}port: )8080\n {4}protocol: TCP\n$/, '$18081\n    protocol: TCP\n'),
    [FIRST, SECOND],
    /sends to port 8081/,
  ],
  [
    'a Service under another name',
    SERVICE,
    (text) => text.replaceAll('name: orders-service', 'name: other-service'),
    [FIRST, SECOND],
    /there is no Service default\/orders-service/,
  ],
])('%s breaks the paths that depend on it', (_, path, change, expected, text) => {
  const proof = proofWith(path, change);
  expect(brokenOf(proof)).toEqual(expected);
  const texts = JSON.stringify(proof.ways.flatMap(({ troubles }) => troubles));
  expect(texts).toMatch(text);
});

const withMtu = (mtu: number) => (text: string) =>
  text.replace('"192.168.1.0/24"', `{ "subnet": "192.168.1.0/24", "mtu": ${mtu} }`);

test('requires that the MTU of a route fits through the tunnel', () => {
  expect(brokenOf(proofWith(LIST, withMtu(1438)))).toEqual([]);
  const proof = proofWith(LIST, withMtu(1439));
  expect(brokenOf(proof)).toEqual([THERE]);
  expect(proof.ways.find(({ name }) => name === THERE)?.troubles).toEqual([
    {
      where: 'nodes of onprem-link/node-routes',
      text: 'the route to 192.168.1.0/24 has an MTU of 1439 bytes, but ESP on a link of 1500 bytes carries packets of 1438 bytes at most',
      remedy: 'set its mtu to 1438 or less, or omit it',
      source: `${LIST}:${lineOf(LIST, '"192.168.1.0/24"')}`,
      example: '10.0.1.0 → 192.168.1.0',
    },
  ]);
});

test('treats a list with an MTU that agents reject as no routes', () => {
  const proof = proofWith(LIST, withMtu(575));
  expect(brokenOf(proof)).toEqual([FIRST, SECOND, THERE, BACK]);
  expect(JSON.stringify(proof.ways)).toMatch(/the list is rejected \(routes\[1\].*575 .*576 to 65535/);
});

test('names the file, the line and an example packet for a failure', () => {
  const proof = proofWith(`${PREMISES}/swanctl.conf`, (text) =>
    text.replace('local_ts = 192.168.1.0/24', 'local_ts = 192.168.1.0/25'),
  );
  const line = lineOf(`${PREMISES}/swanctl.conf`, 'example-datacentre-192-168-1-0-24-192-168-2-0-27 {');
  expect(proof.ways.find(({ name }) => name === THERE)?.troubles).toContainEqual({
    where: 'tunnel',
    text: "the selector 192.168.2.0/27 ↔ 192.168.1.0/24 is narrowed by the other end's 192.168.1.0/25 ↔ 192.168.2.0/27",
    remedy: 'configure the same pair of ranges at both ends',
    source: `${PREMISES}/swanctl.conf:${line}`,
    example: '192.168.2.0 → 192.168.1.128',
  });
});

test.each([
  [`${CLUSTER}/nftables.conf`, (text: string) => text.replace('counter drop', 'counter reject')],
  [`${CLUSTER}/swanctl.conf`, (text: string) => text.replace('mobike = no', 'mobike = no\n    encap = yes')],
  [`${PREMISES}/routes.batch`, (text: string) => `${text}route add 10.0.0.0/8 dev eth0\n`],
  [`${CLUSTER}/vyos.set`, (text: string) => `${text}delete nat\n`],
  [`${CLUSTER}/vyos.set`, (text: string) => `${text}set firewall ipv4 forward filter default-action drop\n`],
  [`${CLUSTER}/fortigate.conf`, (text: string) => text.replace('set nat ', 'set nat46 ')],
  [`${CLUSTER}/fortigate.conf`, (text: string) => text.replace('config firewall policy', 'config firewall policy46')],
  [`${CLUSTER}/nftables.conf`, (text: string) => text.replace('nat hook prerouting', 'nat hook output')],
  [
    `${CLUSTER}/nftables.conf`,
    (text: string) => text.replace('192.168.1.0/24 } counter', '192.168.1.0/24, 192.168.1.0/25 } counter'),
  ],
  [
    `${CLUSTER}/nftables.conf`,
    (text: string) => text.replace('daddr map { ', 'daddr map { 192.168.2.0/28 : 10.9.0.0/28, '),
  ],
  [`${CLUSTER}/rules.service`, (text: string) => text.replace(/^ExecStart=.*$/m, 'ExecStart=/bin/true')],
  [`${CLUSTER}/sysctl.conf`, (text: string) => `${text}net.ipv4.conf.all.rp_filter = 1\n`],
])('rejects a line of %s that no reader understands', (path, change) => {
  expect(() => proofWith(path, change)).toThrow(/is not understood/);
});

test('reports a proposal that changed at both ends of one product, in the pairs with other products', () => {
  const tree = new Map(WRITTEN);
  for (const path of [`${CLUSTER}/swanctl.conf`, `${PREMISES}/swanctl.conf`])
    tree.set(
      path,
      (tree.get(path) as string).replaceAll('esp_proposals = aes256gcm16-', 'esp_proposals = aes128gcm16-'),
    );
  const proofs = proofsOf(tree);
  const broken = proofs.filter((proof) => brokenOf(proof).length > 0);
  expect(broken.map(({ products: { cluster, onPremise } }) => `${cluster} ${onPremise}`)).toEqual([
    'strongswan vyos',
    'strongswan fortigate',
    'vyos strongswan',
    'fortigate strongswan',
  ]);
  expect(proofLines(proofs)).toContain(
    'paths: example, strongSwan and nftables in the cluster, VyOS on premise: 0 of 4 paths consistent by our reader\n',
  );
  expect(proofLines(proofs)).toContain(
    'paths: example, 2 pairs of different products: 8 of 8 paths consistent by our reader\n',
  );
});

test.each([
  ['half-written', (text: string) => text.slice(0, 60)],
  ['in conflict', (text: string) => `<<<<<<< HEAD\n${text}=======\n${text}>>>>>>> topic\n`],
])('rejects a manifest that is %s, with its path', (_, change) => {
  expect(() => proofWith(SERVICE, change)).toThrow(
    /^"dist\/example\/orders-service\.k8s\.yaml" cannot be read: .*; run npm run synth$/,
  );
});

test('reports the paths of a Service that is missing from dist/ as broken', () => {
  const tree = new Map(WRITTEN);
  tree.delete(SERVICE);
  expect(brokenOf(proofsOf(tree)[0] as SiteProof)).toEqual([FIRST, SECOND]);
});

test("includes other sites' tunnels to the same on-premise router", () => {
  const tree = new Map(WRITTEN);
  for (const [path, text] of WRITTEN)
    if (path.startsWith('routers/example/') && !path.endsWith('.json')) {
      const other = path.replace('routers/example/', 'routers/west/');
      tree.set(other, text.replaceAll('203.0.113.1', '203.0.113.7'));
    }
  const [proof] = proofsOf(tree) as [SiteProof];
  expect(brokenOf(proof)).toEqual(['answers at router datacentre']);
  expect(proof.ways.at(-1)?.troubles[0]?.text).toContain('is a selector of two tunnels');
});

test('draws a path as a diagram, and all paths as a page', () => {
  const proofs = proofsOf(WRITTEN).slice(0, 1);
  expect(wayPicture(proofs[0]?.ways[0] as never)).toMatchSnapshot();
  expect(proofPage(proofs)).toMatchSnapshot();
});

test('reports broken paths if pods must keep their addresses but the files cover only nodes', () => {
  const promises = 'routers/example/promises.json';
  const proof = proofWith(promises, (text) => text.replace('"pods"', '"podsSeenAs": "themselves",\n  "pods"'));
  expect(brokenOf(proof)).toEqual([FIRST, SECOND]);
  expect(proofText([proof], false)).toContain('172.30.0.0/16');
  expect(proof.isUnsaid).toBe(false);
});

test('lists as assumptions what node routes need beyond the files', () => {
  const proof = proofWith(LIST, (text) =>
    text.replace('"192.168.1.0/24"', '{ "subnet": "192.168.1.0/24", "nextHop": "10.0.1.3", "table": 200 }'),
  );
  expect(brokenOf(proof)).toEqual([]);
  expect(proof.assumed).toEqual(
    expect.arrayContaining([
      "the next hop of the nodes' private network leads to the cluster's router",
      "the next hops 10.0.1.3 of the nodes lead to the cluster's router",
      "the nodes' policy rules, which the reverse path filter uses too, lead to table 200",
    ]),
  );
  expect(proofText([proof], false)).toContain('192.168.1.0/24 via 10.0.1.3');
});

test.each<[string, string, (text: string) => string, string, string]>([
  ['a route left out', LIST, without(/,\n *"192\.168\.1\.0\/24"/), 'no route to 192.168.1.10/32', '  routes: |'],
  [
    'a narrowed route',
    LIST,
    (text) => text.replace('"192.168.1.0/24"', '"192.168.1.0/25"'),
    'no route to 192.168.1.128/25',
    '  routes: |',
  ],
  [
    'another address in the EndpointSlice',
    SERVICE,
    (text) => text.replace('- 192.168.1.11', '- 192.168.1.12'),
    'has 192.168.1.12',
    '      - 192.168.1.12',
  ],
  [
    'another port of the Service',
    SERVICE,
    (text) => text.replace('port: 8080', 'port: 8081'),
    'has no port http 8080',
    'kind: Service',
  ],
])('names the file and the line in dist/: %s', (_, path, change, part, line) => {
  const changed = change(WRITTEN.get(path) as string).split('\n');
  const troubles = proofWith(path, change).ways.flatMap((way) => way.troubles);
  const number = changed.findIndex((one) => one.includes(line)) + 1;
  expect(number).toBeGreaterThan(0);
  const sources = troubles.filter(({ text }) => text.includes(part)).map(({ source }) => source);
  expect([...new Set(sources)]).toEqual([`${path}:${number}`]);
  for (const { source = '' } of troubles) if (source.startsWith('dist/')) expect(source).toMatch(/:\d+$/);
});
