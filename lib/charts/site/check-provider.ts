import { type Findings, type Provider, providerRange, type Subnet } from '../../network';
import { placeIn } from '../input/schema';
import type { FreeRanges } from './free-ranges';
import type { Scope } from './scope';

interface RoutedRange {
  readonly place: string;
  readonly subnet: Subnet;
  /** What to do about it. */
  readonly remedy: () => string;
}

/** No routed subnet may belong to the cloud itself. */
export function checkProvider(site: Scope, free: FreeRanges, findings: Findings): void {
  const { provider } = site;
  if (provider === undefined) return;
  for (const { place, subnet, remedy } of routedRanges(site, free)) tellKept(provider, place, subnet, remedy, findings);
}

function routedRanges({ networks, routeSources }: Scope, free: FreeRanges): RoutedRange[] {
  const ofNetworks = networks.flatMap(({ subnets }) =>
    subnets.map(({ place, mapping }) => ({
      place,
      subnet: mapping.mapped,
      remedy: () => (mapping.isTranslated ? free.mapElsewhere(mapping.mapped) : free.map(mapping.real)),
    })),
  );
  const beyond = routeSources.flatMap(({ place, ownRoutes }) =>
    ownRoutes
      .filter(({ subnet }) => subnet.prefixLength > 0)
      .map(({ subnet }) => ({ place: placeIn(place, 'routes'), subnet, remedy: () => free.map(subnet) })),
  );
  return [...ofNetworks, ...beyond];
}

function tellKept(provider: Provider, place: string, subnet: Subnet, remedy: () => string, findings: Findings): void {
  const kept = providerRange(provider, subnet);
  if (kept === undefined) return;
  if (kept.refused === 'any')
    findings.add(place, `${subnet}`, `overlaps ${kept.subnet}, which is ${kept.what}`, remedy());
  else
    findings.add(
      place,
      `${subnet}`,
      `takes all of ${kept.subnet}, which is ${kept.what}`,
      'list the on-premise subnets in it one by one',
    );
}
