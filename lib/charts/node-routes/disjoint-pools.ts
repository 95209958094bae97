import type { NodeRoutesSettings } from './options';

/** What of its settings says on which nodes a NodeRoutes runs, and what marks its routes there. */
type Pool = Pick<NodeRoutesSettings, 'nodeSelector' | 'protocol' | 'formerProtocols'>;

/** Labels of the nodes that the agent runs on. */
export function nodeSelectorOf({ nodeSelector }: Pick<Pool, 'nodeSelector'>): Readonly<Record<string, string>> {
  return { 'kubernetes.io/os': 'linux', ...nodeSelector };
}

/**
 * Protocol numbers, former ones included, of those pools that never share a node with this one, in ascending order. On
 * this one's nodes such routes are what a node brought along that was in another pool before. A pool that may share
 * nodes is never among them: its agent may be silent for minutes, and its routes are still its own.
 */
export function disjointProtocols(pool: Pool, all: readonly Pool[]): number[] {
  return all
    .filter((other) => areDisjoint(nodeSelectorOf(pool), nodeSelectorOf(other)))
    .flatMap(({ protocol, formerProtocols }) => [protocol, ...formerProtocols])
    .sort((a, b) => a - b);
}

/** A node has one value of a label, so it cannot be selected by two. Different labels prove nothing. */
function areDisjoint(one: Readonly<Record<string, string>>, other: Readonly<Record<string, string>>): boolean {
  return Object.entries(one).some(([label, value]) => Object.hasOwn(other, label) && other[label] !== value);
}
