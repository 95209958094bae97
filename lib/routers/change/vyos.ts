import { type Node, parseVyos } from '../read/vyos';

/**
 * Commands for one commit that change a VyOS router from one file's configuration to another's. A node is deleted as a
 * whole if nothing of it stays, so the node with the pre-shared key, which only the router knows, is deleted only with
 * its tunnel.
 * @param neighbours files of other tunnels of the same router: what they share with it, such as a route, stays.
 */
export function vyosChange(before: string, after: string, neighbours: readonly string[] = []): string[] {
  const [old, now] = [parseVyos(before), parseVyos(after)];
  const kept = parseVyos([after, ...neighbours].join('\n'));
  return [...deletes(old, kept, []), ...sets(now, old, [])];
}

function deletes(old: Node, kept: Node, path: readonly string[]): string[] {
  return [...old].flatMap(([word, below]) => {
    const stays = kept.get(word);
    if (stays === undefined) return [`delete ${[...path, word].join(' ')}`];
    return deletes(below, stays, [...path, word]);
  });
}

function sets(now: Node, old: Node | undefined, path: readonly string[]): string[] {
  return [...now].flatMap(([word, below]) => {
    const was = old?.get(word);
    if (below.size === 0) return was === undefined ? [`set ${[...path, word].join(' ')}`] : [];
    return sets(below, was, [...path, word]);
  });
}

/** The connections of a file, each of which needs a key. */
export function vyosConnections(text: string): string[] {
  const path = ['vpn', 'ipsec', 'site-to-site', 'peer'];
  return [...(path.reduce<Node | undefined>((node, word) => node?.get(word), parseVyos(text))?.keys() ?? [])];
}
