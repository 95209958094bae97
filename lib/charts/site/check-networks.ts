import { type Findings, type Mapping, overlappingPairs, type Subnet } from '../../network';
import type { FreeRanges } from './free-ranges';
import type { Network, Scope } from './scope';
import { tellTakenSubnets } from './taken-subnets';

interface NetworkSubnet {
  readonly network: Network;
  readonly place: string;
  readonly mapping: Mapping;
}

/** As the cluster sees them, the networks overlap neither the cluster nor one another. */
export function checkNetworks({ networks, cluster }: Scope, free: FreeRanges, findings: Findings): void {
  const subnets = networks.flatMap((network) => network.subnets.map((subnet) => ({ ...subnet, network })));
  const routed = subnets.map(({ mapping, place }) => ({
    place,
    subnet: mapping.mapped,
    isTranslated: mapping.isTranslated,
  }));
  tellTakenSubnets(cluster.protectedSubnets, routed, free, findings);

  for (const [outer, inner] of overlaps(subnets, ({ mapped }) => mapped))
    tellOverlap(outer, inner, 'as the cluster sees them', free, findings);
  // Two networks may use the same real addresses. Within one network, such an address would have two translations.
  for (const [outer, inner] of overlaps(subnets, ({ real }) => real)) {
    const isToldAlready = outer.mapping.mapped.overlaps(inner.mapping.mapped);
    if (outer.network === inner.network && !isToldAlready) tellOverlap(outer, inner, 'in one network', free, findings);
  }
}

function overlaps(subnets: readonly NetworkSubnet[], side: (mapping: Mapping) => Subnet) {
  return overlappingPairs(subnets.map((one) => ({ ...one, subnet: side(one.mapping) })));
}

function tellOverlap(
  outer: NetworkSubnet,
  inner: NetworkSubnet,
  where: string,
  free: FreeRanges,
  findings: Findings,
): void {
  findings.add(
    inner.place,
    `${inner.mapping}`,
    `overlaps ${outer.mapping} of on-premise ${outer.network.name} ${where}`,
    outer.network === inner.network
      ? 'keep one of the two, or list subnets that share no address'
      : free.map(inner.mapping.real),
  );
}
