import { type Findings, overlappingPairs, type Subnet, without } from '../../network';
import type { ProtectedSubnet } from './cluster';
import type { FreeRanges } from './free-ranges';

/** A subnet to be routed, and where the site defines it. */
interface RoutedSubnet {
  readonly place: string;
  readonly subnet: Subnet;
  /** Whether it is already a range that the routers map to. */
  readonly isTranslated: boolean;
}

const MOST_PARTS = 8;

/** Reports every routed subnet that would take addresses from the cluster, with everything that it would take. */
export function tellTakenSubnets(
  protectedSubnets: readonly ProtectedSubnet[],
  routed: readonly RoutedSubnet[],
  free: FreeRanges,
  findings: Findings,
): void {
  const taken = new Map<RoutedSubnet, ProtectedSubnet[]>();
  const tagged = [
    ...routed.map((one) => ({ subnet: one.subnet, routed: one, kept: undefined })),
    ...protectedSubnets.map((one) => ({ subnet: one.subnet, routed: undefined, kept: one })),
  ];
  for (const [outer, inner] of overlappingPairs(tagged)) {
    const route = outer.routed ?? inner.routed;
    const kept = outer.kept ?? inner.kept;
    if (route !== undefined && kept !== undefined) taken.set(route, [...(taken.get(route) ?? []), kept]);
  }
  for (const route of routed) {
    const kept = taken.get(route);
    if (kept === undefined) continue;
    const what = kept.map((one) => `the cluster's ${one.what} ${one.subnet}`).join(' and ');
    findings.add(route.place, `${route.subnet}`, `overlaps ${what}`, remedyFor(route, kept, free));
  }
}

function remedyFor({ subnet, isTranslated }: RoutedSubnet, kept: readonly ProtectedSubnet[], free: FreeRanges): string {
  if (isTranslated) return free.mapElsewhere(subnet);
  const map = [free.map(subnet), ...nodesLikewise(kept, free)].join(', and ');
  const parts = kept.reduce((rest, hole) => rest.flatMap((part) => without(part, hole.subnet)), [subnet]);
  if (parts.length === 0) return map;
  const more = parts.length > MOST_PARTS ? ` and ${parts.length - MOST_PARTS} more` : '';
  return `list the rest of it (${parts.slice(0, MOST_PARTS).join(', ')}${more}), or ${map}`;
}

/** On-premise hosts in the nodes' range would look for the nodes on their own link. */
function nodesLikewise(kept: readonly ProtectedSubnet[], free: FreeRanges): string[] {
  return kept
    .filter(({ what }) => what === 'nodes')
    .flatMap(({ subnet }) => free.spec(subnet) ?? [])
    .map((spec) => `the nodes: ${spec} in cluster.nodes`);
}
