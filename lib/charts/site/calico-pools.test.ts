import type { Chart } from 'cdk8s';
import { CLUSTER, manifestsOf, siteWith } from '../../../test/fixtures/charts';
import { CALICO_POOLS } from './calico-pools';

const SUBNETS = ['192.168.0.0/24', { real: '10.0.1.0/27', mapped: '192.168.1.0/27' }];

test('calicoPool emits a disabled pool for each on-premise subnet, as the cluster sees it', () => {
  const site = siteWith({ ...CLUSTER, podsSeenAs: 'themselves', calicoPool: true });
  site.onPremise('datacentre', { subnets: SUBNETS });
  site.onPremise('plant', { subnets: ['2001:db8:a::/64'] });
  const pools = manifestsOf(site.node.findChild(CALICO_POOLS) as Chart);
  expect(pools.map(({ metadata, spec }) => [metadata.name, spec])).toMatchObject([
    ['example-192-168-0-0-24', { cidr: '192.168.0.0/24', blockSize: 26, disabled: true, disableBGPExport: true }],
    ['example-192-168-1-0-27', { cidr: '192.168.1.0/27', blockSize: 27 }],
    ['example-2001-db8-a-64', { cidr: '2001:db8:a::/64', blockSize: 122 }],
  ]);
});

test('emits no pools by default', () => {
  const site = siteWith({ ...CLUSTER, podsSeenAs: 'themselves' });
  site.onPremise('datacentre', { subnets: SUBNETS });
  expect(site.node.tryFindChild(CALICO_POOLS)).toBeUndefined();
});
