import { printable } from '../page/page';
import { compareText } from '../plan/pairs';
import type { AgentStatus } from './metrics';

/** One agent's answer, or the reason why there is none. */
export interface Answer {
  readonly node: string;
  readonly pool: string;
  readonly namespace: string;
  readonly pod: string;
  readonly status: AgentStatus | { readonly error: string };
}

/** Nodes whose values are all equal. */
export interface Group {
  readonly pool: string;
  readonly nodes: readonly string[];
  /** The agent's pod on the first of these nodes. */
  readonly agent: { readonly namespace: string; readonly pod: string };
  readonly isSilent: boolean;
  readonly ready: boolean;
  /** `12/12`: routes in place, of all routes. */
  readonly routes: string;
  /** The path of pods' packets, and what shadows their routes. */
  readonly pods: string;
  readonly conflicts: string;
  readonly nextHop: string;
  /** One value for each node that reports it. */
  readonly drops: readonly number[];
  /** Why the node is not ready, and what shadows its pods' routes. */
  readonly reason: string;
}

/**
 * What the agent's reason codes mean (TROUBLES in lib/agent/report/status.ts). The reason `routes` is explained by the
 * counts instead.
 */
export const TROUBLE_TEXTS: Readonly<Record<string, string>> = {
  protocol_in_use: 'another agent on the node has the same protocol number: give one of the two another protocol',
  list_gone: 'the ConfigMap with the list is gone; its routes stay',
  list_rejected: 'the list was rejected; the last valid list stays in force',
  api_server: 'the agent has no connection to the API server; its routes stay',
  list_unknown: 'the agent has not read the list yet',
  rolled_back: 'the list was rolled back; the previous list stays in force',
  not_confirmed: 'the list is applied but not confirmed yet',
  not_applied: 'the agent applies the list when the API server answers',
  kernel: "the agent cannot read the node's routes",
  starting: 'the first pass is under way',
  unreachable: 'no target answers in a network that must be reachable',
  pods: "pods' packets are known to use another route",
};

const IN_PLACE = ['effective', 'installed', 'satisfied', 'not-applicable'];

/** Groups of equal nodes: those in trouble first, then the larger groups first. */
export function groupsOf(answers: readonly Answer[]): Group[] {
  const groups = new Map<string, Group & { nodes: string[]; drops: number[] }>();
  for (const answer of [...answers].sort((a, b) => compareNames(a.node, b.node))) {
    const { drops, ...facts } = factsOf(answer);
    const key = JSON.stringify(facts);
    const { namespace, pod } = answer;
    const group = groups.get(key) ?? { ...facts, nodes: [], drops: [], agent: { namespace, pod } };
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

function factsOf({ pool, status }: Answer): Omit<Group, 'nodes' | 'agent'> {
  if ('error' in status) {
    const reason = `no answer: ${printable(status.error)}`;
    return {
      pool,
      isSilent: true,
      ready: false,
      routes: '?',
      pods: '?',
      conflicts: '?',
      nextHop: '?',
      drops: [],
      reason,
    };
  }
  const { counts, ways, pods = '?', nextHopsDown, ready, drops } = status;
  const unreached = Object.entries(status.networks ?? {}).flatMap(([name, isReached]) => (isReached ? [] : [name]));
  const reasons = [
    ...(ready ? [] : [reasonOf(status)]),
    ...(pods.includes(' ') ? [`pods: ${pods}`] : []),
    ...(unreached.length === 0 ? [] : [`no target answers in ${unreached.join(', ')}`]),
  ];
  const dead = nextHopsDown.map((nextHop) => `${nextHop} down`);
  return {
    pool,
    isSilent: false,
    ready,
    routes: `${countOf(counts, IN_PLACE)}/${countOf(counts, Object.keys(counts))}`,
    pods: printable(pods),
    conflicts: `${counts.conflicting ?? 0}`,
    nextHop: printable([...ways, ...dead].join(', ')) || 'none',
    drops: drops === undefined ? [] : [drops],
    reason: printable(reasons.join('; ')),
  };
}

const countOf = (counts: AgentStatus['counts'], states: readonly string[]): number =>
  states.reduce((sum, state) => sum + (counts[state] ?? 0), 0);

function reasonOf({ trouble = 'routes', counts }: AgentStatus): string {
  if (trouble !== 'routes') return TROUBLE_TEXTS[trouble] ?? trouble;
  const bad = Object.entries(counts).filter(([state, count]) => count > 0 && !IN_PLACE.includes(state));
  const texts = bad.map(([state, count]) => `${count} ${state}`);
  return texts.length === 0 ? 'see the details' : `routes: ${texts.join(', ')}`;
}

/** Compares digits in names as numbers: worker-9 sorts before worker-10. */
export function compareNames(a: string, b: string): number {
  const [first, second] = [a, b].map((name) => name.replace(/\d+/g, (digits) => digits.padStart(12, '0'))) as [
    string,
    string,
  ];
  return compareText(first, second) || compareText(a, b);
}
