import { type Address, bitsOf, type Family, MAIN_TABLE, type Subnet } from '../../network';
import type { Answer, KernelRoute, LookupQuestion, Rule, Snapshot } from '../kernel/types';
import { FR_ACT_TO_TBL, RTN_LOCAL, RTN_UNICAST } from '../netlink/constants';
import { routeOf } from './answer';
import type { ResolvedRoute } from './resolve';
import { hopsOf } from './route-hops';
import { rulesBeforeMain } from './rules';

/** The way of packets that the node forwards for its pods. */
export interface PodsWay {
  /** Unknown is neither good nor bad: no kernel lookup corresponds to these packets. */
  readonly state: 'effective' | 'shadowed' | 'unknown';
  /** Why it is not effective. */
  readonly reason?: string;
  /** The rule that shadows the route, and the table that it leads to. */
  readonly by?: { readonly rule: number; readonly table: number };
}

/** A pod for lookups: an address behind an interface of the node. */
export interface PodSource {
  readonly address: Address;
  readonly link: number;
  /** The rules by source or input interface, before main, that match its packets. */
  readonly rules: readonly Rule[];
}

/** How many sets of rules matching different pods are checked. */
const MOST_SOURCES = 8;
/**
 * Devices shared by all pods: Cilium's without endpoint routes, and OVN-Kubernetes'. Contrary to the routes, pods'
 * packets do not arrive through them.
 */
const SHARED_DEVICE = /^(?:cilium_|ovn-k8s-)/;

/**
 * One pod for each set of rules that match pods of a family.
 * @param pods the ranges of the cluster's pods.
 * @returns otherwise, why there is none.
 */
export function podSources(snapshot: Snapshot, pods: readonly Subnet[], family: Family): PodSource[] | string {
  const ranges = pods.filter((range) => range.family === family);
  if (ranges.length === 0) return `no IPv${family} range of pods is configured`;
  const nameOf = (link: number) => snapshot.links.get(link)?.name ?? '';
  const toPods = snapshot.routes.flatMap((route) => {
    const link = podLink(route, ranges, snapshot);
    return link === undefined ? [] : { subnet: route.subnet, link, name: nameOf(link) };
  });
  const ofPods = toPods.filter(({ name }) => !SHARED_DEVICE.test(name));
  if (ofPods.length > 0) return representatives(ofPods, snapshot, family);
  const [shared] = toPods;
  if (shared === undefined) return 'this node has no route to a pod yet';
  return `pods have no interfaces of their own in this node's routes (dev ${shared.name})`;
}

interface ToPods {
  readonly subnet: Subnet;
  readonly link: number;
  readonly name: string;
}

function representatives(toPods: readonly ToPods[], snapshot: Snapshot, family: Family): PodSource[] {
  const rules = rulesBeforeMain(snapshot.rules, family).filter((rule) => rule.source ?? rule.input);
  const found = new Map<string, PodSource>();
  for (const { subnet, link, name } of toPods) {
    const address = podAddress(subnet, snapshot);
    if (address === undefined) continue;
    const matching = rules.filter((rule) => matches(rule, address, name));
    const key = matching.map((rule) => rules.indexOf(rule)).join();
    if (!found.has(key) && found.size < MOST_SOURCES) found.set(key, { address, link, rules: matching });
  }
  return [...found.values()];
}

/** The interface behind which a route's pods are; undefined for all other routes. */
function podLink(route: KernelRoute, ranges: readonly Subnet[], snapshot: Snapshot): number | undefined {
  const { subnet, type, table, qualified } = route;
  if (type !== RTN_UNICAST || table !== MAIN_TABLE || qualified) return undefined;
  if (!ranges.some((range) => range.contains(subnet))) return undefined;
  const [hop, ...more] = hopsOf(route, snapshot.nexthops);
  if (hop === undefined || more.length > 0) return undefined;
  // Cilium's route to all pods has an address of the node itself as its gateway.
  const isOnLink = hop.gateway === undefined || isLocal(hop.gateway, snapshot);
  return isOnLink ? hop.link : undefined;
}

/** The first address of a bridge's connected subnet that is not the node's. */
function podAddress(subnet: Subnet, snapshot: Snapshot): Address | undefined {
  if (subnet.prefixLength === bitsOf(subnet.family)) return subnet.address;
  let address = subnet.address.next();
  while (address !== undefined && isLocal(address, snapshot)) address = address.next();
  return address !== undefined && subnet.contains(address) ? address : undefined;
}

function isLocal(address: Address, { addresses, routes }: Snapshot): boolean {
  const isOwn = addresses.some((each) => each.address.equals(address));
  return isOwn || routes.some(({ type, subnet }) => type === RTN_LOCAL && subnet.contains(address));
}

function matches({ source, input, isInverted }: Rule, address: Address, name: string): boolean {
  const isMatch = (source?.contains(address) ?? true) && (input === undefined || input === name);
  return isMatch !== (isInverted ?? false);
}

/** A route, and an address of it. */
export interface Asked {
  readonly item: ResolvedRoute;
  readonly question: LookupQuestion;
}

/**
 * The lookup for a packet from a pod. If no rule matches it in particular, it takes the way of every packet, so one
 * address is enough.
 */
export function podQuestions({ address, link, rules }: PodSource, asked: readonly Asked[]): Asked[] {
  const ofFamily = asked.filter(({ question }) => question.address.family === address.family);
  return (rules.length === 0 ? ofFamily.slice(0, 1) : ofFamily).map(({ item, question }) => ({
    item,
    question: { address: question.address, source: address, input: link },
  }));
}

/**
 * @param answers one for each question about the source.
 * @param wins whether an answer is the route's own, or equivalent.
 * @param isForwarding whether the node forwards packets that arrive on an interface; undefined if not known.
 */
export function podsWayOf(
  source: PodSource,
  asked: readonly Asked[],
  answers: readonly Answer[],
  wins: (item: ResolvedRoute, answer: Answer) => boolean,
  isForwarding: (family: Family, name: string) => boolean | undefined,
  { links, rules }: Snapshot,
): PodsWay {
  const { family } = source.address;
  const name = links.get(source.link)?.name ?? '';
  if (isForwarding(family, name) === false) return unknown(`forwarding is off on ${name}`);
  const dropped = answers.includes('EINVAL');
  if (dropped) return unknown(`the kernel refuses a packet from ${source.address} on ${name} (EINVAL)`);
  const unclear = rulesBeforeMain(rules, family).find(
    ({ mark, isSpecial, table, action }) =>
      (mark !== undefined || isSpecial) && (table !== MAIN_TABLE || action !== FR_ACT_TO_TBL),
  );
  if (unclear !== undefined) return unknown(`rule ${unclear.priority} selects packets by more than their addresses`);
  const loser = asked.findIndex(({ item }, i) => !wins(item, answers[i] as Answer));
  return loser === -1 ? { state: 'effective' } : shadowedBy(source, answers[loser] as Answer);
}

const unknown = (reason: string): PodsWay => ({ state: 'unknown', reason });

function shadowedBy({ address, rules }: PodSource, answer: Answer): PodsWay {
  const table = routeOf(answer)?.table;
  const rule = rules.find((each) => each.table === table) ?? rules[0];
  const isCopied = table !== undefined && table !== MAIN_TABLE;
  if (rule === undefined) return { state: 'shadowed', reason: `for packets from ${address}` };
  const by = { rule: rule.priority, table: table ?? rule.table };
  const text = `by rule ${by.rule} → table ${by.table}`;
  const remedy = isCopied ? `; set copyToTables: [${table}] to copy the routes there` : '';
  return { state: 'shadowed', reason: `${text}${remedy}`, by };
}

/** The result for all pods of a node: shadowed if any is shadowed, else unknown if any is unknown. */
export function worstOf(ways: readonly PodsWay[]): PodsWay {
  return (
    ways.find(({ state }) => state === 'shadowed') ??
    ways.find(({ state }) => state === 'unknown') ??
    ways[0] ?? { state: 'unknown', reason: 'no route of the main table is in force' }
  );
}
