import { type Findings, type Mapping, overlappingPairs, type Subnet } from '../../network';
import { placeIn } from '../input/schema';
import type { FreeRanges } from './free-ranges';
import type { Scope } from './scope';

/** A range of the site, real or mapped. */
interface Range {
  readonly subnet: Subnet;
  /** For messages: `the cluster's pods 172.30.0.0/16`. */
  readonly what: string;
  readonly side: 'cluster' | 'on premise';
  /** The mapping, if this is its mapped range. */
  readonly mappedBy?: Mapping;
  /** Whether nodes route it. */
  readonly isRouted: boolean;
  readonly place: string;
}

/** Checks for wrong and missing mappings, except those that would make a node route wrongly. */
export function checkMappings(site: Scope, free: FreeRanges, findings: Findings): void {
  for (const { mapping, what, place } of clusterMappings(site)) tellNotSeen(site, mapping, what, place, free, findings);
  tellTakenRanges(rangesOf(site), free, findings);
  tellTwoMappings(site, findings);
  // The purpose of a mapping may already have been rejected elsewhere.
  if (site.findings.all.length === 0) tellUnused(site, findings);
}

/** What on-premise servers see of the cluster, and where the site defines it. */
function clusterMappings(site: Scope) {
  const { nodes, podMappings, podsSeenAs } = site.cluster;
  const pods = podsSeenAs === 'themselves' ? podMappings : [];
  return [
    ...nodes.map((mapping, i) => ({ mapping, what: 'nodes', place: nodesPlace(site, i) })),
    ...pods.map((mapping, i) => ({ mapping, what: 'pods', place: podsPlace(site, i) })),
  ];
}

const podsPlace = (site: Scope, i: number) => placeIn(site.place, `cluster.pods[${i}]`);
const nodesPlace = (site: Scope, i: number) => placeIn(site.place, `cluster.nodes[${i}]`);

/**
 * Nodes or pods whose addresses are also in use on premise. If the on-premise range is not mapped either, the overlap is reported
 * there, with the fix for both.
 */
function tellNotSeen(
  site: Scope,
  mapping: Mapping,
  what: string,
  place: string,
  free: FreeRanges,
  findings: Findings,
): void {
  if (mapping.isTranslated) return;
  const others = site.networks.flatMap(({ name, subnets }) =>
    subnets
      .filter((subnet) => subnet.mapping.isTranslated && subnet.mapping.real.overlaps(mapping.real))
      .map((subnet) => `${subnet.mapping.real} of on-premise ${name}`),
  );
  if (others.length === 0) return;
  const reason = `overlaps ${others.join(' and ')}, and its hosts would look for the ${what} on their own network`;
  findings.add(place, `${mapping.real}`, reason, free.map(mapping.real));
}

function rangesOf(site: Scope): Range[] {
  const { nodes, pods, podMappings, services } = site.cluster;
  const kept = (what: string, subnets: readonly Subnet[]) =>
    subnets.map(
      (subnet): Range => ({
        subnet,
        what: `the cluster's ${what} ${subnet}`,
        side: 'cluster',
        isRouted: false,
        place: '',
      }),
    );
  const mapped = (mapping: Mapping, side: Range['side'], what: string, place: string): Range[] =>
    mapping.isTranslated
      ? [
          {
            subnet: mapping.mapped,
            what: `${what} ${mapping}`,
            side,
            mappedBy: mapping,
            isRouted: side === 'on premise',
            place,
          },
        ]
      : [];
  const onPremise = site.networks.flatMap(({ name, subnets }) =>
    subnets.flatMap(({ mapping, place }): Range[] => [
      ...mapped(mapping, 'on premise', `on-premise ${name}'s`, place),
      {
        subnet: mapping.real,
        what: `${mapping.real} of on-premise ${name}`,
        side: 'on premise',
        isRouted: !mapping.isTranslated,
        place,
      },
    ]),
  );
  return [
    ...kept(
      'nodes',
      nodes.map(({ real }) => real),
    ),
    ...nodes.flatMap((one, i) => mapped(one, 'cluster', "the cluster's nodes", nodesPlace(site, i))),
    ...kept('pods', pods),
    ...podMappings.flatMap((one, i) => mapped(one, 'cluster', "the cluster's pods", podsPlace(site, i))),
    ...kept('services', services),
    ...onPremise,
  ];
}

/** A mapped range must not overlap any other range, real or mapped. */
function tellTakenRanges(ranges: readonly Range[], free: FreeRanges, findings: Findings): void {
  for (const [outer, inner] of overlappingPairs(ranges)) {
    const [taker, other] = inner.mappedBy === undefined ? [outer, inner] : [inner, outer];
    if (taker.mappedBy === undefined || isToldAsRoute(taker, other)) continue;
    const reason = `is mapped to a range that overlaps ${other.what}`;
    findings.add(taker.place, `${taker.mappedBy}`, reason, free.mapElsewhere(taker.subnet));
  }
}

/**
 * Two routes for the same destination, or a route that takes addresses from the cluster, are reported by other checks.
 */
function isToldAsRoute(taker: Range, other: Range): boolean {
  if (taker.isRouted) return other.side === 'cluster' || other.isRouted;
  return other.isRouted;
}

function tellTwoMappings(site: Scope, findings: Findings): void {
  const nodes = site.cluster.nodes.map((mapping, i) => ({ subnet: mapping.real, mapping, i }));
  for (const [outer, inner] of overlappingPairs(nodes)) {
    if (!outer.mapping.isTranslated && !inner.mapping.isTranslated) continue;
    const reason = `overlaps ${outer.mapping}, so that one address would have two translations`;
    findings.add(nodesPlace(site, inner.i), `${inner.mapping}`, reason, 'keep one of the two');
  }
}

function tellUnused(site: Scope, findings: Findings): void {
  const { networks, routeSources } = site;
  const isSeen = networks.some(({ subnets }) => subnets.some(({ mapping }) => mapping.real.family === 4));
  for (const { mapping, place } of clusterMappings(site)) {
    if (!mapping.isTranslated || isSeen) continue;
    const remedy = `write "${mapping.real}" alone, or add the IPv4 network behind the VPN`;
    findings.add(place, `${mapping}`, 'is mapped, but no on-premise network sees it', remedy);
  }
  // A site without any NodeRoutes is routed by other means, which these checks know nothing about.
  if (routeSources.length === 0) return;
  const routed = routeSources.flatMap((one) => one.routes().map(({ subnet }) => subnet));
  for (const { name, subnets } of networks) {
    for (const { mapping, place } of subnets) {
      if (!mapping.isTranslated || routed.some((subnet) => subnet.contains(mapping.mapped))) continue;
      const remedy = `add the network to the networks of a NodeRoutes, or write "${mapping.real}" alone`;
      findings.add(place, `${mapping}`, `is mapped, but no node routes lead to on-premise ${name}`, remedy);
    }
  }
}
