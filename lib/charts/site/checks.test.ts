import { CLUSTER, findingsOf, siteWith } from '../../../test/fixtures/charts';
import { ExternalService } from '../external-service/external-service';
import { NodeRoutes } from '../node-routes/node-routes';

const END = { outside: 'eth1', inside: 'eth0' };
const VPN = {
  cluster: { ...END, publicAddress: '203.0.113.1' },
  onPremise: { ...END, publicAddress: '203.0.113.1' },
};

/** Something is wrong for each phase but that of providers, which would refuse nothing here. */
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

test('the order of construction changes neither findings nor what is proposed', () => {
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

test('a site that is checked twice says the same, ranges that it proposes included', () => {
  const site = wrongSite(true);
  const findings = findingsOf(site);
  expect(findings.join()).toContain('have the routers map it');
  expect(findingsOf(site)).toEqual(findings);
});
