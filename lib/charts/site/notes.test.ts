import { App } from 'cdk8s';
import { CLUSTER, siteWith, siteWithNetwork } from '../../../test/fixtures/charts';
import { ExternalService } from '../external-service/external-service';
import { ArgoCdBootstrap } from '../gitops/argo-cd';
import { FluxBootstrap } from '../gitops/flux';
import { Monitoring } from '../monitoring/monitoring';
import { NodeRoutes } from '../node-routes/node-routes';
import { notesOf } from './notes';

const MAPPED = { ...CLUSTER, nodes: [{ real: '10.184.0.0/26', mapped: '192.168.9.0/26' }] };

test('reports a network that no NodeRoutes routes', () => {
  const { site } = siteWithNetwork();
  expect(notesOf(site)).toEqual([
    "site example: no node gets a route to on-premise datacentre; add new NodeRoutes(site, 'node-routes'), unless another program sets the routes",
  ]);
  new NodeRoutes(site, 'node-routes');
  expect(notesOf(site)).toEqual([]);
});

test('reports mapped nodes if no router files are generated', () => {
  const site = siteWith(MAPPED);
  site.onPremise('datacentre', { subnets: ['192.168.0.0/24'] });
  new NodeRoutes(site, 'node-routes');
  expect(notesOf(site)).toEqual([
    'site example › cluster.nodes[0]: 10.184.0.0/26 seen as 192.168.9.0/26 is not used in any file, because no network has a vpn; add one, unless the routers are configured by other means',
  ]);
  const ends = { outside: 'eth1', inside: 'eth0' };
  const vpn = {
    cluster: { ...ends, publicAddress: '203.0.113.1' },
    onPremise: { ...ends, publicAddress: '192.0.2.1' },
  };
  site.onPremise('plant', { subnets: ['192.168.1.0/24'], vpn });
  expect(notesOf(site)).toEqual([]);
});

test('reports mapped pods if no router files are generated', () => {
  const pods = [{ real: '172.30.0.0/16', mapped: '172.25.0.0/16' }];
  const site = siteWith({ ...CLUSTER, pods, podsSeenAs: 'themselves' });
  site.onPremise('datacentre', { subnets: ['192.168.0.0/24'] });
  new NodeRoutes(site, 'node-routes');
  expect(notesOf(site)).toEqual([
    'site example › cluster.pods[0]: 172.30.0.0/16 seen as 172.25.0.0/16 is not used in any file, because no network has a vpn; add one, unless the routers are configured by other means',
  ]);
});

test('synthesis prints the notes', () => {
  const warn = jest.spyOn(console, 'warn').mockImplementation();
  siteWithNetwork().site.synth();
  expect(warn).toHaveBeenCalledWith(expect.stringContaining('no node gets a route to on-premise datacentre'));
  warn.mockRestore();
});

test.each([
  ['NodeRoutes', NodeRoutes],
  ['ExternalService', ExternalService],
  ['Monitoring', Monitoring],
  ['ArgoCdBootstrap', ArgoCdBootstrap],
  ['FluxBootstrap', FluxBootstrap],
])('new %s in a scope other than a Site says what to pass', (name, construct) => {
  const make = construct as unknown as new (scope: unknown, id: string, props: object) => unknown;
  const remedy = `write new ${name}(site, …), where site is new Site('example', { cluster: … })`;
  expect(() => new make(new App(), 'x', {})).toThrow(`"App" is not a Site; ${remedy}`);
  expect(() => new make(undefined, 'x', {})).toThrow(`undefined is not a Site; ${remedy}`);
});
