import { CLUSTER, findingsOf } from '../../../test/fixtures/charts';
import type { Provider } from '../../network';
import { NodeRoutes } from '../node-routes/node-routes';
import { Site } from './site';

function siteIn(provider: Provider | undefined): Site {
  const site = new Site('example', { cluster: CLUSTER, agentBundle: '', ...(provider && { provider }) });
  site.onPremise('datacentre', {
    subnets: ['172.16.3.0/24', '10.9.0.0/16', { real: '10.1.0.0/24', mapped: '172.19.0.0/24' }],
  });
  new NodeRoutes(site, 'node-routes', {
    routes: ['172.20.7.0/24', '192.168.9.0/24'],
    privateNetworks: ['10.184.0.0/14'],
  });
  return site;
}

const PLACE = 'site example › on-premise datacentre › subnets';

test('rejects ranges that the cloud reserves, and proposes a free range', () => {
  expect(findingsOf(siteIn('ibm'))).toEqual([
    `${PLACE}[0]: "172.16.3.0/24" overlaps 172.16.0.0/16, which is reserved by IBM Cloud; have the routers map it to a free range and write { real: "172.16.3.0/24", mapped: "192.168.0.0/24" }`,
    `${PLACE}[2]: "172.19.0.0/24" overlaps 172.19.0.0/16, which is reserved by IBM Cloud; have the routers map it to 192.168.1.0/24, which is free`,
    'site example › node routes node-routes › routes: "172.20.7.0/24" overlaps 172.20.0.0/16, which is reserved by IBM Cloud; have the routers map it to a free range and write { real: "172.20.7.0/24", mapped: "192.168.2.0/24" }',
  ]);
});

test('accepts them without a provider, and in another cloud', () => {
  expect(findingsOf(siteIn(undefined))).toEqual([]);
  expect(findingsOf(siteIn('azure'))).toEqual([]);
});

test("rejects the cloud's whole private network, but not a part of it", () => {
  const cluster = { ...CLUSTER, nodes: ['192.168.250.0/26'] };
  const site = new Site('example', { cluster, provider: 'ibm', agentBundle: '' });
  site.onPremise('datacentre', { subnets: ['10.0.0.0/8'] });
  expect(findingsOf(site)).toEqual([
    `${PLACE}[0]: "10.0.0.0/8" takes all of 10.0.0.0/8, which is IBM Cloud's private network; list the on-premise subnets in it one by one`,
  ]);
});

test('rejects an unknown cloud', () => {
  expect(findingsOf(new Site('example', { cluster: CLUSTER, provider: 'acme' as never }))).toEqual([
    'site example › provider: "acme" is not one of the known values; write "ibm" or "azure"',
  ]);
});
