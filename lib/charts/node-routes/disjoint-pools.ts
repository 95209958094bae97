import type { NodeRoutesSettings } from './options';

/** The settings of a NodeRoutes that say on which nodes it runs and which protocol numbers mark its routes. */
type Pool = Pick<NodeRoutesSettings, 'nodeSelector' | 'protocol' | 'formerProtocols'>;

/** Labels of the nodes that the agent runs on. */
export function nodeSelectorOf({ nodeSelector }: Pick<Pool, 'nodeSelector'>): Readonly<Record<string, string>> {
  return { 'kubernetes.io/os': 'linux', ...nodeSelector };
}

/**
 * Protocol numbers (former ones included) of the pools that never share a node with this one, in ascending order. A
 * route with such a number on this pool's nodes dates from when the node was in another pool. Pools that may share
 * nodes are never included: their agents may be silent for minutes while their routes are still their own.
 */
export function disjointProtocols(pool: Pool, all: readonly Pool[]): number[] {
  return all
    .filter((other) => areDisjoint(nodeSelectorOf(pool), nodeSelectorOf(other)))
    .flatMap(({ protocol, formerProtocols }) => [protocol, ...formerProtocols])
    .sort((a, b) => a - b);
}

/**
 * Whether two selectors exclude each other. A label has one value per node, so different values of one label do.
 * Different labels prove nothing.
 */
function areDisjoint(one: Readonly<Record<string, string>>, other: Readonly<Record<string, string>>): boolean {
  return Object.entries(one).some(([label, value]) => Object.hasOwn(other, label) && other[label] !== value);
}
