import { ApiObject, Chart } from 'cdk8s';
import type { Construct } from 'constructs';
import { calicoPool } from '../../routers';
import type { Network } from './scope';

/** The chart's id, which names its file. */
export const CALICO_POOLS = 'calico-pools';

/** Adds the IP pools that keep Calico from masquerading packets from pods to a network; see calicoPool. */
export function addCalicoPools(
  site: Construct & { readonly name: string },
  { subnets }: Pick<Network, 'subnets'>,
): void {
  const chart = (site.node.tryFindChild(CALICO_POOLS) as Chart | undefined) ?? new Chart(site, CALICO_POOLS);
  for (const { mapping } of subnets) {
    const pool = calicoPool(site.name, mapping.mapped);
    // The checks report a subnet that is listed twice.
    if (chart.node.tryFindChild(pool.metadata.name) === undefined) new ApiObject(chart, pool.metadata.name, pool);
  }
}
