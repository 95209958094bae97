import type { Mapping } from '../../network';
import { placeIn } from '../input/schema';
import type { Scope } from './scope';

/** Notes at synthesis that are not errors: something outside this project may take care of it. */
export function notesOf(site: Scope): string[] {
  return [...site.routeSources.flatMap(({ notes }) => notes), ...withoutRoutes(site), ...mappedForNobody(site)];
}

function withoutRoutes({ place, networks, routeSources }: Scope): string[] {
  if (networks.length === 0 || routeSources.length > 0) return [];
  const names = networks.map(({ name }) => name).join(', ');
  return [
    `${place}: no node gets a route to on-premise ${names}; add new NodeRoutes(site, 'node-routes'), unless another program sets the routes`,
  ];
}

/** Only the routers' files use the mapped ranges of nodes and pods. */
function mappedForNobody({ place, cluster, networks }: Scope): string[] {
  if (networks.length === 0 || networks.some(({ vpn }) => vpn !== undefined)) return [];
  const mapped = { nodes: cluster.nodes, pods: cluster.podMappings };
  return Object.entries(mapped).flatMap(([option, mappings]) =>
    unusedNotes(placeIn(place, `cluster.${option}`), mappings),
  );
}

function unusedNotes(place: string, mappings: readonly Mapping[]): string[] {
  return mappings.flatMap((mapping, i) =>
    mapping.isTranslated
      ? [
          `${place}[${i}]: ${mapping} is not used in any file, because no network has a vpn; add one, unless the routers are configured by other means`,
        ]
      : [],
  );
}
