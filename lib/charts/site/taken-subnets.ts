import { type Findings, overlappingPairs, type Subnet, without } from '../../network';
import type { ProtectedSubnet } from './cluster';
import type { FreeRanges } from './free-ranges';

/** A subnet that shall be routed, and where it is written. */
interface RoutedSubnet {
  readonly place: string;
  readonly subnet: Subnet;
  /** It is a range the routers map to already. */
  readonly isTranslated: boolean;
}

const MOST_PARTS = 8;

/** Tells every routed subnet that would take addresses from the cluster, with all that it would take. */
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
  return `list what is left of it (${parts.slice(0, MOST_PARTS).join(', ')}${more}), or ${map}`;
}

/** Hosts on premise that have the nodes' addresses would look for the nodes among themselves. */
function nodesLikewise(kept: readonly ProtectedSubnet[], free: FreeRanges): string[] {
  return kept
    .filter(({ what }) => what === 'nodes')
    .flatMap(({ subnet }) => free.spec(subnet) ?? [])
    .map((spec) => `the nodes: ${spec} in cluster.nodes`);
}
