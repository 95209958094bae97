import { changeFiles, type EndFiles, routerOf } from '../../routers';
import type { Tree } from '../tree';

const END = /^routers\/([^/]+\/[^/]+)\/([^/]+)$/;

/**
 * The files that take the routers from one revision to the other, by path, with a folder for each end of a tunnel
 * (`example/cluster-to-datacentre/change.sh`). They set up an end that is new and take down an end that is removed.
 */
export function routerChangesOf(before: Tree, after: Tree): Map<string, string> {
  const [old, now] = [endsIn(before), endsIn(after)];
  const ends = [...new Set([...old.keys(), ...now.keys()])].sort();
  return new Map(
    ends.flatMap((end) => {
      const [was, is] = [old.get(end) ?? NO_FILES, now.get(end) ?? NO_FILES];
      const neighbours = neighboursOf(end, routerOf(is) ?? routerOf(was), now);
      const files = changeFiles({ end, before: was, after: is, neighbours });
      return [...files].map(([name, text]): [string, string] => [`${end}/${name}`, text]);
    }),
  );
}

const NO_FILES: EndFiles = new Map();

function endsIn(tree: Tree): Map<string, Map<string, string>> {
  const ends = new Map<string, Map<string, string>>();
  for (const [path, text] of tree) {
    const [, end, name] = END.exec(path) ?? [];
    if (end === undefined || name === undefined) continue;
    ends.set(end, (ends.get(end) ?? new Map<string, string>()).set(name, text));
  }
  return ends;
}

function neighboursOf(end: string, router: string | undefined, ends: ReadonlyMap<string, EndFiles>): EndFiles[] {
  return [...ends].filter(([other, files]) => other !== end && routerOf(files) === router).map(([, files]) => files);
}
