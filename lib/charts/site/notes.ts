import { placeIn } from '../input/schema';
import type { Site } from './site';

/** Worth saying at synthesis, but not wrong: something beside this project may do it. */
export function notesOf(site: Site): string[] {
  return [...site.nodeRoutes.flatMap(({ notes }) => notes), ...withoutRoutes(site), ...mappedForNobody(site)];
}

function withoutRoutes({ place, networks, nodeRoutes }: Site): string[] {
  if (networks.length === 0 || nodeRoutes.length > 0) return [];
  const names = networks.map(({ name }) => name).join(', ');
  return [
    `${place}: no node gets a route to on-premise ${names}; add new NodeRoutes(site, 'node-routes'), unless something else makes the routes`,
  ];
}

/** What nodes are mapped to is used by the files for routers only. */
function mappedForNobody({ place, cluster, networks }: Site): string[] {
  if (networks.length === 0 || networks.some(({ vpn }) => vpn !== undefined)) return [];
  return cluster.nodes.flatMap((nodes, i) =>
    nodes.isTranslated
      ? [
          `${placeIn(place, `cluster.nodes[${i}]`)}: ${nodes} is used by no file, since no network has a vpn; add it, unless the routers are configured by other means`,
        ]
      : [],
  );
}
