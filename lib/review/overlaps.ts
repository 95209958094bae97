import { Subnet } from '../network';
import type { SiteTopology, TopologySubnet } from './topology';

/** Addresses that two sites both use, so that somebody reaches the wrong one: a sentence each. */
export function overlapsAcross(sites: readonly SiteTopology[]): string[] {
  return sites.flatMap((one, i) =>
    sites
      .slice(i + 1)
      .flatMap((other) => [...sameNodes(one, other), ...routedNodes(one, other), ...routedNodes(other, one)]),
  );
}

/** On premise sees both clusters' nodes under the same addresses, and can answer one of them only. */
function sameNodes(one: SiteTopology, other: SiteTopology): string[] {
  const servers = firstOverlap(realSubnets(one), realSubnets(other));
  const nodes = firstOverlap(one.nodes.map(seenAs), other.nodes.map(seenAs));
  const others = nodes === undefined ? firstOverlap(clientsOf(one), clientsOf(other)) : undefined;
  if (servers !== undefined && others !== undefined)
    return [
      `on-premise ${servers} sees sites \`${one.site}\` and \`${other.site}\` in the same range ${others}, and can answer one of them only: map the pods of one`,
    ];
  if (servers === undefined || nodes === undefined) return [];
  return [
    `on-premise ${servers} sees the nodes of sites \`${one.site}\` and \`${other.site}\` in the same range ${nodes}, and can answer one cluster only: map the nodes of one`,
  ];
}

/** What on premise sees of a cluster. */
const clientsOf = ({ nodes, pods, podsSeenAs }: SiteTopology) =>
  [...nodes, ...(podsSeenAs === 'themselves' ? pods : [])].map(seenAs);

function routedNodes(from: SiteTopology, to: SiteTopology): string[] {
  const nodes = to.nodes.map(({ real }) => Subnet.parse(real));
  const routed = firstOverlap(routedSubnets(from), nodes);
  if (routed === undefined) return [];
  return [`site \`${from.site}\` routes ${routed} on premise, where the nodes of site \`${to.site}\` are`];
}

const seenAs = ({ real, mapped = real }: TopologySubnet) => Subnet.parse(mapped);

const realSubnets = ({ networks }: SiteTopology) =>
  networks.flatMap(({ subnets }) => subnets.map(({ real }) => Subnet.parse(real)));

const routedSubnets = ({ networks, otherRoutes }: SiteTopology) => [
  ...networks.flatMap(({ subnets }) => subnets.map(seenAs)),
  // A default route goes everywhere, and every site may have one.
  ...otherRoutes
    .flatMap(({ subnets }) => subnets.map((text) => Subnet.parse(text)))
    .filter(({ prefixLength }) => prefixLength > 0),
];

/** The smaller range of the first two that overlap. */
function firstOverlap(some: readonly Subnet[], others: readonly Subnet[]): Subnet | undefined {
  for (const one of some) {
    const other = others.find((subnet) => subnet.overlaps(one));
    if (other !== undefined) return one.contains(other) ? other : one;
  }
  return undefined;
}
