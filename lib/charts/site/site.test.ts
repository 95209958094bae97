import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Testing } from 'cdk8s';
import { CLUSTER, findingsOf, siteWith, siteWithNetwork } from '../../../test/fixtures/charts';
import { InputError } from '../../network';
import { ExternalService } from '../external-service/external-service';
import { NodeRoutes } from '../node-routes/node-routes';
import { Site } from './site';

let folder: string;
let outdir: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'site-'));
  outdir = join(folder, 'dist'); // files that are not for the cluster are written beside the site's folder
  mkdirSync(outdir);
  process.env.CDK8S_OUTDIR = outdir;
});
afterEach(() => {
  delete process.env.CDK8S_OUTDIR;
  rmSync(folder, { recursive: true });
});

test('writes one file per chart into its own folder', () => {
  const { site, network } = siteWithNetwork();
  new NodeRoutes(site, 'node-routes');
  new ExternalService(site, 'orders', {
    namespace: 'default',
    servers: network.servers('192.168.0.5'),
    ports: { http: 80 },
  });
  site.synth();
  expect(readdirSync(join(outdir, 'example')).sort()).toEqual([
    'namespace.k8s.yaml',
    'node-routes-agent.k8s.yaml',
    'node-routes-routing.k8s.yaml',
    'node-routes.k8s.yaml',
    'orders.k8s.yaml',
  ]);
});

test('writes to dist without CDK8S_OUTDIR', () => {
  delete process.env.CDK8S_OUTDIR;
  expect(siteWith().outdir).toBe(join('dist', 'example'));
});

test('several sites can have networks with the same name', () => {
  for (const name of ['north', 'south']) {
    const site = siteWith(CLUSTER, name);
    site.onPremise('datacentre', { subnets: [name === 'north' ? '192.168.0.0/24' : '192.168.1.0/24'] });
    new NodeRoutes(site, 'node-routes');
    site.synth();
  }
  expect(readdirSync(outdir)).toEqual(['north', 'south']);
  expect(readFileSync(join(outdir, 'south', 'node-routes.k8s.yaml'), 'utf8')).toContain('"192.168.1.0/24"');
});

test('rejects a second site with the same name, which would overwrite the first', () => {
  siteWithNetwork().site.synth();
  expect(() => siteWithNetwork().site.synth()).toThrow(
    '"example" names two sites, and the second would overwrite the first; rename one of them',
  );
});

test('writes files beside the manifests last, and not if there are findings', () => {
  const { site } = siteWithNetwork();
  const seen: string[][] = [];
  site.onSynth(() => seen.push(readdirSync(site.outdir)));
  new NodeRoutes(site, 'node-routes');
  site.synth();
  expect(seen).toHaveLength(1);
  expect(seen[0]).toContain('node-routes.k8s.yaml');
  site.addCheck('services', 'mine', ({ findings }) => findings.add('orders', 1, 'is wrong', 'mend it'));
  expect(() => site.synth()).toThrow('orders: 1 is wrong; mend it');
  expect(seen).toHaveLength(1);
});

test('reports all findings together, each with its location, and writes nothing', () => {
  const site = new Site('example', {
    cluster: { nodes: ['10.184.0.0/26'], pods: ['172.30.0.0'], services: ['172.21.0.0/16'] },
  });
  const network = site.onPremise('datacentre', { subnets: ['192.168.0.1/24', '192.168.1.0/24'] });
  new NodeRoutes(site, 'node-routes', { protocol: 3, routes: ['127.0.0.0/8'] });
  new ExternalService(site, 'orders', { namespace: 'Apps', servers: network.servers('192.168.1.0'), ports: {} });
  const told = [
    'site example › cluster.pods[0]: "172.30.0.0" has no prefix length; write 172.30.0.0/32 for this one host, or the prefix length of its subnet',
    'site example › on-premise datacentre › subnets[0]: "192.168.0.1/24" has host bits set beyond its 24-bit prefix; did you mean 192.168.0.0/24?',
    'site example › node routes node-routes › protocol: 3 marks the routes of ip route without a protocol, and the DaemonSet this one replaces, which the agent would treat as its own; use 142',
    'site example › node routes node-routes › routes[0]: "127.0.0.0/8" is loopback (RFC 1122); list unicast subnets only',
    'site example › on-premise datacentre › servers[0]: "192.168.1.0" is the network or broadcast address of 192.168.1.0/24; write the address of the server itself',
    'site example › external service orders › namespace: "Apps" is not a valid name for a namespace; write 1 to 63 of a-z, 0-9 and "-", beginning and ending with a letter or digit',
    'site example › external service orders › ports: {} has no ports; write them by name, e.g. { http: 8080 }',
  ];
  expect(() => site.synth()).toThrow(InputError);
  expect(findingsOf(site)).toEqual(told);
  expect(readdirSync(outdir)).toEqual([]);
});

test("Testing.synth of any chart reports the site's findings", () => {
  const { site } = siteWithNetwork(['172.30.1.0/24']);
  const chart = new NodeRoutes(site, 'node-routes');
  expect(() => Testing.synth(chart)).toThrow("overlaps the cluster's pods 172.30.0.0/16");
});

test.each(['', '..', 'a/b', 'Example', '-a', 'a'.repeat(64)])(
  'rejects %j as a name for a site, because it names a folder',
  (name) => {
    const site = siteWith(CLUSTER, name);
    expect(findingsOf(site)).toEqual([expect.stringContaining('is not a valid name for a site')]);
    expect(() => site.synth()).toThrow(InputError);
    expect(readdirSync(outdir)).toEqual([]);
  },
);

test('rejects two networks with one name', () => {
  const { site } = siteWithNetwork(['192.168.0.0/24']);
  site.onPremise('datacentre', { subnets: ['192.168.1.0/24'] });
  expect(findingsOf(site)).toEqual([
    'site example › on-premise datacentre: "datacentre" names two networks of this site; give each its own name',
  ]);
});

test('reports two charts with one id as a finding, although constructs would throw', () => {
  const { site } = siteWithNetwork();
  new NodeRoutes(site, 'routes');
  new NodeRoutes(site, 'routes', { name: 'b', configMapName: 'b', protocol: 143, port: 9143 });
  new NodeRoutes(site, 'namespace', { name: 'c', configMapName: 'c', protocol: 144, port: 9144 });
  expect(findingsOf(site)).toEqual([
    'site example › node routes routes: "routes" names two charts of this site, which would share one file; choose another id',
    'site example › node routes namespace: "namespace" names two charts of this site, which would share one file; choose another id',
  ]);
});

test('reports an id that is not a valid file name', () => {
  const { site } = siteWithNetwork();
  new NodeRoutes(site, '../routes', { name: 'routes' });
  expect(findingsOf(site)).toEqual([expect.stringContaining('"../routes" is not a valid name for node routes')]);
});

test('rejects a cluster without one of its ranges', () => {
  expect(findingsOf(new Site('example', { cluster: { nodes: ['10.184.0.0/26'], pods: [] } as never }))).toEqual([
    'site example › cluster.pods: [] is empty; list them, so that no route can take them from the cluster',
    'site example › cluster.services: undefined is empty; list them, so that no route can take them from the cluster',
  ]);
});

test('rejects a site without a cluster or with an unknown option', () => {
  expect(findingsOf(new Site('example', {} as never))).toEqual([
    'site example › cluster: undefined is not an object of options; known are nodes, pods, services, apiServers, podsSeenAs, masqueradeAll, calicoPool, imageRegistry',
  ]);
  expect(findingsOf(new Site('example', { cluster: CLUSTER, clutser: 1 } as never))).toEqual([
    'site example: "clutser" is an unknown option; known are cluster, provider, agentBundle',
  ]);
});

test('reports repeated routes when the site is written, but not as errors', () => {
  const warn = jest.spyOn(console, 'warn').mockImplementation();
  const { site } = siteWithNetwork();
  new NodeRoutes(site, 'node-routes', { routes: ['192.168.9.0/24', '192.168.9.0/24'] });
  site.synth();
  expect(warn.mock.calls).toEqual([
    ['site example › node routes node-routes › routes[1] 192.168.9.0/24 repeats routes[0]; it is dropped'],
  ]);
  warn.mockRestore();
});
