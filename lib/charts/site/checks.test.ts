import { CLUSTER, findingsOf, siteWith } from '../../../test/fixtures/charts';
import { Subnet } from '../../network';
import { ExternalService } from '../external-service/external-service';
import { NodeRoutes } from '../node-routes/node-routes';

const END = { outside: 'eth1', inside: 'eth0' };
const VPN = {
  cluster: { ...END, publicAddress: '203.0.113.1' },
  onPremise: { ...END, publicAddress: '203.0.113.1' },
};

/** One error for each phase, except for that of providers, which finds nothing here. */
function wrongSite(isServiceFirst: boolean) {
  const site = siteWith({ ...CLUSTER, nodes: ['10.0.1.0/27'] });
  const office = site.onPremise('office', { subnets: ['172.30.0.0/24', '192.168.0.0/24'], vpn: VPN });
  const plant = site.onPremise('plant', {
    subnets: ['192.168.0.128/25', { real: '10.0.1.0/24', mapped: '192.168.9.0/24' }],
  });
  const addService = () =>
    new ExternalService(site, 'orders', {
      namespace: 'kube-public',
      servers: [...office.servers('192.168.0.10'), ...plant.servers('192.168.0.130')],
      ports: { http: 80 },
    });
  const addRoutes = () => new NodeRoutes(site, 'node-routes', { networks: [office], routes: ['172.21.4.0/24'] });
  for (const add of isServiceFirst ? [addService, addRoutes] : [addRoutes, addService]) add();
  return site;
}

test('findings and proposals do not depend on the order of construction', () => {
  const findings = findingsOf(wrongSite(false));
  expect(findingsOf(wrongSite(true))).toEqual(findings);
  const places = findings.map(
    (finding) => /› ((?:on-premise|node routes|external service|cluster)\S*)/.exec(finding)?.[1],
  );
  expect(places.filter((place, i) => place !== places[i - 1])).toEqual([
    'on-premise', // networks
    'cluster.nodes[0]:', // mappings
    'on-premise',
    'node routes',
    'external service',
    'on-premise', // its vpn
  ]);
});

test('checking a site twice gives the same findings and proposals', () => {
  const site = wrongSite(true);
  const findings = findingsOf(site);
  expect(findings.join()).toContain('have the routers map it');
  expect(findingsOf(site)).toEqual(findings);
});

test('runs checks by phase, and only the first check with a key', () => {
  const site = siteWith();
  const ran: string[] = [];
  site.addCheck('vpn', 'last', () => ran.push('vpn'));
  site.addCheck('services', 'kind', () => ran.push('services, first'));
  site.addCheck('services', 'kind', () => ran.push('services, second'));
  site.addCheck('routes', 'kind', () => ran.push('routes'));
  expect(findingsOf(site)).toEqual([]);
  expect(ran).toEqual(['routes', 'services, first', 'vpn']);
});

test('the checks of a run share one set of free ranges', () => {
  const site = siteWith();
  const proposed: (string | undefined)[] = [];
  const subnet = Subnet.parse('10.0.1.0/24');
  for (const phase of ['networks', 'services'] as const)
    site.addCheck(phase, 'mine', ({ free }) => proposed.push(free.spec(subnet)));
  findingsOf(site);
  expect(new Set(proposed).size).toBe(2);
});
