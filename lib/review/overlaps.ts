import { Subnet } from '../network';
import type { SiteTopology, TopologySubnet } from './topology';

/** Addresses that two sites both use, so that packets reach the wrong host: one sentence for each overlap. */
export function overlapsAcross(sites: readonly SiteTopology[]): string[] {
  return sites.flatMap((one, i) =>
    sites
      .slice(i + 1)
      .flatMap((other) => [...sameNodes(one, other), ...routedNodes(one, other), ...routedNodes(other, one)]),
  );
}

/**
 * On-premise hosts see the nodes of both clusters at the same addresses, so their answers reach only one of the
 * clusters.
 */
function sameNodes(one: SiteTopology, other: SiteTopology): string[] {
  const servers = firstOverlap(realSubnets(one), realSubnets(other));
  const nodes = firstOverlap(one.nodes.map(seenAs), other.nodes.map(seenAs));
  const others = nodes === undefined ? firstOverlap(clientsOf(one), clientsOf(other)) : undefined;
  if (servers !== undefined && others !== undefined)
    return [
      `on-premise ${servers} sees sites \`${one.site}\` and \`${other.site}\` in the same range ${others}, and can answer only one of them: map the pods of one`,
    ];
  if (servers === undefined || nodes === undefined) return [];
  return [
    `on-premise ${servers} sees the nodes of sites \`${one.site}\` and \`${other.site}\` in the same range ${nodes}, and can answer only one cluster: map the nodes of one`,
  ];
}

/** The ranges in which on-premise hosts see a cluster. */
const clientsOf = ({ nodes, pods, podsSeenAs }: SiteTopology) =>
  [...nodes, ...(podsSeenAs === 'themselves' ? pods : [])].map(seenAs);

function routedNodes(from: SiteTopology, to: SiteTopology): string[] {
  const nodes = to.nodes.map(({ real }) => Subnet.parse(real));
  const routed = firstOverlap(routedSubnets(from), nodes);
  if (routed === undefined) return [];
  return [`site \`${from.site}\` routes ${routed} on premise, but the nodes of site \`${to.site}\` use that range`];
}

const seenAs = ({ real, mapped = real }: TopologySubnet) => Subnet.parse(mapped);

const realSubnets = ({ networks }: SiteTopology) =>
  networks.flatMap(({ subnets }) => subnets.map(({ real }) => Subnet.parse(real)));

const routedSubnets = ({ networks, otherRoutes }: SiteTopology) => [
  ...networks.flatMap(({ subnets }) => subnets.map(seenAs)),
  // A default route overlaps with everything, and every site may have one.
  ...otherRoutes
    .flatMap(({ subnets }) => subnets.map((text) => Subnet.parse(text)))
    .filter(({ prefixLength }) => prefixLength > 0),
];

/** The smaller range of the first overlapping pair. */
function firstOverlap(some: readonly Subnet[], others: readonly Subnet[]): Subnet | undefined {
  for (const one of some) {
    const other = others.find((subnet) => subnet.overlaps(one));
    if (other !== undefined) return one.contains(other) ? other : one;
  }
  return undefined;
}
