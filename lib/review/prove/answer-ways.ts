import type { Failure } from './cross';
import { common } from './flow';
import type { Router } from './routers';
import type { SiteView } from './site-view';
import { broken, troublesOf, type Way } from './way';

/** Routers on premise whose answers may take the wrong tunnel; none where all is well. */
export function answerWays({ premises }: SiteView): Way[] {
  return premises.flatMap((router) => {
    const failures = sharedSelectors(router);
    return failures.length === 0 ? [] : [broken(`answers at router ${router.name}`, troublesOf(failures))];
  });
}

/** Packets that two tunnels have a selector for. */
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
