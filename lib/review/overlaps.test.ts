import { overlapsAcross } from './overlaps';
import type { SiteTopology } from './topology';

function site(
  name: string,
  nodes: SiteTopology['nodes'],
  subnets: SiteTopology['nodes'],
  other: readonly string[] = [],
): SiteTopology {
  return {
    site: name,
    nodes,
    pods: [{ real: '172.30.0.0/16' }],
    privateNetworks: ['10.0.0.0/8'],
    networks: [{ name: 'datacentre', subnets }],
    services: [],
    otherRoutes: [{ way: 'private side', subnets: other }],
  };
}

const NORTH = site('north', [{ real: '10.184.0.0/26' }], [{ real: '192.168.0.0/24' }]);

test('sites with different node ranges do not overlap, whatever pods and servers they share', () => {
  expect(overlapsAcross([NORTH, site('south', [{ real: '10.185.0.0/26' }], [{ real: '192.168.0.0/24' }])])).toEqual([]);
});

test('reports nodes that on-premise servers see in one range, unless they are mapped or reach different servers', () => {
  const south = (nodes: SiteTopology['nodes'][number], real = '192.168.0.0/22') => site('south', [nodes], [{ real }]);
  expect(overlapsAcross([NORTH, south({ real: '10.184.0.0/24' })])).toEqual([
    'on-premise 192.168.0.0/24 sees the nodes of sites `north` and `south` in the same range 10.184.0.0/26, and can answer only one cluster: map the nodes of one',
  ]);
  expect(overlapsAcross([NORTH, south({ real: '10.184.0.0/26', mapped: '192.168.9.0/26' })])).toEqual([]);
  expect(overlapsAcross([NORTH, south({ real: '10.184.0.0/26' }, '192.168.8.0/24')])).toEqual([]);
});

test('reports pods that on-premise servers see in one range if they keep their own addresses', () => {
  const themselves = (one: SiteTopology, pods = one.pods): SiteTopology => ({ ...one, pods, podsSeenAs: 'themselves' });
  const south = site('south', [{ real: '10.185.0.0/26' }], [{ real: '192.168.0.0/24' }]);
  const message =
    'on-premise 192.168.0.0/24 sees sites `north` and `south` in the same range 172.30.0.0/16, and can answer only one of them: map the pods of one';
  expect(overlapsAcross([themselves(NORTH), themselves(south)])).toEqual([message]);
  expect(overlapsAcross([themselves(NORTH), south])).toEqual([]);
  const mapped = [{ real: '172.30.0.0/16', mapped: '172.25.0.0/16' }];
  expect(overlapsAcross([themselves(NORTH), themselves(south, mapped)])).toEqual([]);
});

test('reports a route to the nodes of another site', () => {
  const south = site('south', [{ real: '10.185.0.0/26' }], [{ real: '10.9.0.0/16', mapped: '10.184.0.0/24' }]);
  const message = 'site `south` routes 10.184.0.0/26 on premise, but the nodes of site `north` use that range';
  expect(overlapsAcross([NORTH, south])).toEqual([message]);
  expect(overlapsAcross([south, NORTH])).toEqual([message]);
  const wide = site('south', [{ real: '10.185.0.0/26' }], [], ['10.184.0.0/16', '0.0.0.0/0']);
  expect(overlapsAcross([NORTH, wide])).toEqual([message]);
});
