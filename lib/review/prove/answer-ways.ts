import type { Failure } from './failure';
import { common } from './flow';
import type { Router } from './routers';
import type { SiteView } from './site-view';
import { broken, troublesOf, type Way } from './way';

/** Routers whose answers may take the wrong tunnel or reach the wrong host; empty if there are none. */
export function answerWays({ clusterRouters, premises }: SiteView): Way[] {
  return [...clusterRouters, ...premises].flatMap((router) => {
    const failures = [...(router.isCluster ? [] : sharedSelectors(router)), ...sharedAddresses(router)];
    return failures.length === 0 ? [] : [broken(`answers at router ${router.name}`, troublesOf(failures))];
  });
}

/** Packets that match a selector of two tunnels. */
function sharedSelectors({ name, ends }: Router): Failure[] {
  const children = ends.flatMap((end) => end.children.map((child) => ({ end, child })));
  return children.flatMap((one, i) =>
    children.slice(i + 1).flatMap((other): Failure[] => {
      const local = common(one.child.local, other.child.local);
      const remote = common(one.child.remote, other.child.remote);
      if (one.end === other.end || local === undefined || remote === undefined) return [];
      return [
        {
          where: `router ${name}`,
          text: `${local} ↔ ${remote} is a selector of two tunnels, so answers may take the wrong one`,
          remedy: 'map the nodes of the two clusters to different ranges',
          source: other.child,
        },
      ];
    }),
  );
}

/** Hosts that the other end cannot distinguish, because both have the same address there. */
function sharedAddresses({ name, ends }: Router): Failure[] {
  const leaves = ends.flatMap((end) => end.leaves);
  return leaves.flatMap((one, i) =>
    leaves.slice(i + 1).flatMap((other): Failure[] => {
      const seen = common(one.to, other.to);
      if (seen === undefined || one.from.overlaps(other.from) || common(one.peer, other.peer) === undefined) return [];
      return [
        {
          where: `router ${name}`,
          text: `${one.from} and ${other.from} both become ${seen}, so answers to them collide`,
          remedy: 'map each range to a different range',
          source: other,
        },
      ];
    }),
  );
}

/** Networks whose routers should have files here, while the site has none at all; empty if all is well. */
export function missingRouterWays({ site, promises, clusterRouters }: SiteView): Way[] {
  const missing = [...promises.networks].filter(([, { hasVpn }]) => hasVpn && clusterRouters.length === 0);
  return missing.map(([network]) =>
    broken(`router cluster → ${network}`, [
      {
        where: 'router cluster',
        text: `routers/${site}/ contains no router configuration for the VPN of ${network}`,
        remedy: 'run npm run synth',
      },
    ]),
  );
}

/**
 * Routers of the cluster whose files lack the routes to the pods, so that answers cannot reach them; empty if there are
 * none.
 */
export function podRouteWays({ promises, learned, clusterRouters }: SiteView): Way[] {
  if (!promises.hasPodRoutes || learned.length === 0) return [];
  const failures = clusterRouters.map(
    ({ name, ends }): Failure => ({
      where: `router ${name}`,
      text: `no route to the pods ${learned.join(', ')}, so on-premise answers do not reach them`,
      remedy: 'run npm run synth, and load the routes',
      ...(ends[0] !== undefined && { source: { file: ends[0].connection.file } }),
    }),
  );
  return [broken('router cluster → pods', troublesOf(failures))];
}
