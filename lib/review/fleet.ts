import { printable } from './page';
import { compareText } from './plan-pairs';

/** The part of an agent's /status that concerns all nodes at once. */
export interface AgentStatus {
  readonly ready: boolean;
  readonly reason: string;
  readonly list: { readonly state: string };
  readonly privateNetworks: readonly { readonly family: string; readonly state: string; readonly way?: string }[];
  /** Agents before 0.2 do not tell. */
  readonly nextHops?: readonly { readonly nextHop: string; readonly state: string }[];
  /** Routes by state. */
  readonly counts: Readonly<Record<string, number>>;
  readonly reversePathDrops?: number;
}

/** What one agent said, or why it said nothing. */
export interface Answer {
  readonly node: string;
  readonly pool: string;
  readonly status: AgentStatus | { readonly error: string };
}

/** Nodes on which everything is the same. */
export interface Group {
  readonly pool: string;
  readonly nodes: readonly string[];
  readonly ready: boolean;
  /** `12/12`: those in place among all. */
  readonly routes: string;
  readonly conflicts: string;
  readonly nextHop: string;
  /** Of each node that tells. */
  readonly drops: readonly number[];
  /** Why it is not ready. */
  readonly reason: string;
}

const IN_PLACE = ['effective', 'installed', 'satisfied', 'not-applicable'];

/** Equal nodes together, those in trouble first, then the larger groups. */
export function groupsOf(answers: readonly Answer[]): Group[] {
  const groups = new Map<string, Group & { nodes: string[]; drops: number[] }>();
  for (const answer of [...answers].sort((a, b) => compareNames(a.node, b.node))) {
    const { drops, ...facts } = factsOf(answer);
    const key = JSON.stringify(facts);
    const group = groups.get(key) ?? { ...facts, nodes: [], drops: [] };
    group.nodes.push(answer.node);
    group.drops.push(...drops);
    groups.set(key, group);
  }
  return [...groups.values()].sort(
    (a, b) =>
      Number(a.ready) - Number(b.ready) ||
      b.nodes.length - a.nodes.length ||
      compareNames(a.nodes[0] ?? '', b.nodes[0] ?? ''),
  );
}

function factsOf({ pool, node, status }: Answer): Omit<Group, 'nodes'> {
  if ('error' in status) {
    const reason = `no answer: ${printable(status.error)}`;
    return { pool, ready: false, routes: '?', conflicts: '?', nextHop: '?', drops: [], reason };
  }
  const { counts, privateNetworks, nextHops = [], ready, reason, reversePathDrops: drops } = status;
  const count = (states: readonly string[]) => states.reduce((sum, state) => sum + (counts[state] ?? 0), 0);
  const ways = privateNetworks.map(({ state, way }) => (state === 'found' ? `${way}` : state));
  const dead = nextHops.filter(({ state }) => state === 'down').map(({ nextHop }) => `${nextHop} down`);
  return {
    pool,
    ready,
    routes: `${count(IN_PLACE)}/${count(Object.keys(counts))}`,
    conflicts: `${counts.conflicting ?? 0}`,
    nextHop: printable([...ways, ...dead].join(', ').replaceAll('via ', '')) || 'none',
    drops: drops === undefined ? [] : [drops],
    // A reason that names the node would make every node a group of its own.
    reason: ready ? '' : printable(reason).replaceAll(node, 'this node'),
  };
}

/** Numbers in names count as numbers: worker-9 before worker-10. */
export function compareNames(a: string, b: string): number {
  const [first, second] = [a, b].map((name) => name.replace(/\d+/g, (digits) => digits.padStart(12, '0'))) as [
    string,
    string,
  ];
  return compareText(first, second) || compareText(a, b);
}
