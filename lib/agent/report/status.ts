import { type Finding, findingLines, findingText } from '../../network';
import type { WatchState } from '../../program/api/config-map-watch';
import type { HealthState } from '../decide/next-hop-health';
import type { PodsWay } from '../decide/pods';
import { prefixKey } from '../decide/prefix';
import { hopsText } from '../decide/route-hops';
import { rulesBeforeMain, ruleText } from '../decide/rules';
import { isGood, type RouteState, type Verdict } from '../decide/verdicts';
import type { WatchedNetwork } from '../path-monitor';
import type { Outcome } from '../reconciler';
import type { RolloutState } from '../rollout-state';
import { DIFFERS, type ListState } from '../route-source';
import { networkFacts } from './networks';
import type { ReversePathFilter } from './reverse-path';

/** Everything known at the time of a request. */
export interface Facts {
  readonly instance: string;
  readonly nodeName: string;
  readonly configMap: string;
  readonly protocol: number;
  readonly list: ListState;
  readonly rollout: RolloutFacts;
  /** For a list that came with the pod. */
  readonly pinned: PinnedFacts | undefined;
  readonly duplicates: readonly string[];
  readonly watch: WatchState;
  /** Who holds the lock of our protocol number, if not us. */
  readonly lockHolder: string | undefined;
  /** Why the last pass failed, if so. */
  readonly passError: string | undefined;
  readonly outcome: Outcome | undefined;
  /** The way of pods' packets. */
  readonly pods: PodsWay;
  /** Whether a node is unready while they are known to take another way. */
  readonly requirePods: boolean;
  readonly nextHops: readonly NextHopFacts[];
  readonly networks: readonly WatchedNetwork[];
  /** Whether a node is unready while one of them is unreachable. */
  readonly requireReachable: boolean;
  readonly counters: Counters;
  readonly reversePathFilters: readonly ReversePathFilter[];
  readonly reversePathDrops: number | undefined;
}

/** The state of the last valid list. While it is suspended or condemned, the previous one is in force. */
export interface RolloutFacts {
  readonly state: RolloutState['state'];
  /** Why it was rolled back, or what it waits for. */
  readonly reason?: string;
  /** Time until it is tried or retried. */
  readonly seconds?: number;
}

/** Whether the list was rolled back and the previous one is in force. */
export function isTakenBack({ state }: RolloutFacts): boolean {
  return state === 'suspended' || state === 'condemned';
}

interface PinnedFacts {
  /** It is applied, possibly on trial. */
  readonly isInForce: boolean;
  /** The ConfigMap differs. */
  readonly differs: boolean;
}

interface NextHopFacts {
  readonly nextHop: string;
  readonly interface: string;
  readonly state: HealthState;
  /** How long it has been in this state. */
  readonly seconds: number;
}

export interface Counters {
  readonly listsAccepted: number;
  readonly listsRejected: number;
  /** Changes that were rolled back because the node could no longer reach a target. */
  readonly rollbacks: number;
  /** Changes made because the kernel's state had drifted. */
  readonly repairs: number;
  /** All changes made. */
  readonly changes: number;
  /** ISO 8601; undefined if nothing was changed since the start. */
  readonly lastChange: string | undefined;
}

export interface Readiness {
  readonly ready: boolean;
  /** One line for people. */
  readonly reason: string;
}

/** Why a node is not ready, as a metric label that names nothing on premise. */
export const TROUBLES = [
  'protocol_in_use',
  'list_gone',
  'list_rejected',
  'api_server',
  'list_unknown',
  'rolled_back',
  'not_confirmed',
  'not_applied',
  'kernel',
  'starting',
  'routes',
  'pods',
  'unreachable',
] as const;
export type Trouble = (typeof TROUBLES)[number];

const MOST_REASONS = 3;
const MOST_ROUTES = 1000;
const MOST_FINDINGS = 50;
const MOST_RULES = 50;

/** Ready means that the list is valid and that every route in it does what it says on this node. */
export function readiness(facts: Facts): Readiness {
  const trouble = troubleOf(facts);
  if (trouble !== undefined) return { ready: false, reason: trouble[1] };
  const news = goodNews(facts.outcome?.verdicts ?? []);
  return {
    ready: true,
    reason: [
      news,
      ...pendingList(facts),
      ...difference(facts),
      ...silentNextHops(facts),
      ...silentNetworks(facts),
    ].join('; '),
  };
}

/** What makes the node unready, as a fixed word and as a sentence. */
export function troubleOf(facts: Facts): readonly [Trouble, string] | undefined {
  return troubleWith(facts) ?? badRoutes(facts.outcome?.verdicts ?? []) ?? shadowedPods(facts) ?? unreachable(facts);
}

function shadowedPods({ requirePods, pods }: Facts): readonly [Trouble, string] | undefined {
  if (!requirePods || pods.state !== 'shadowed') return undefined;
  return ['pods', `packets of pods are shadowed ${pods.reason}`];
}

function unreachable({ requireReachable, networks }: Facts): readonly [Trouble, string] | undefined {
  const names = requireReachable ? unreachableNames(networks) : [];
  return names.length === 0 ? undefined : ['unreachable', `no target answers in ${names.join(', ')}`];
}

function badRoutes(verdicts: readonly Verdict[]): readonly [Trouble, string] | undefined {
  const bad = verdicts.filter((verdict) => !isGood(verdict));
  if (bad.length === 0) return undefined;
  const first = bad.slice(0, MOST_REASONS).map(({ route, state, reason }) => `${route.subnet} ${state}: ${reason}`);
  const more = bad.length > MOST_REASONS ? '; …' : '';
  return ['routes', `${bad.length} of ${verdicts.length} routes: ${first.join('; ')}${more}`];
}

function pendingList({ rollout: { state, seconds = 0 } }: Facts): string[] {
  return state === 'pending' ? [`a changed list is tried in ${seconds} s`] : [];
}

function difference({ pinned, configMap }: Facts): string[] {
  return pinned?.differs ? [`ConfigMap ${configMap} ${DIFFERS}`] : [];
}

/** Routes keep working as well as possible without them, so this makes no node unready. */
function silentNextHops({ nextHops, outcome }: Facts): string[] {
  const silent = nextHops.filter(({ state }) => state === 'down');
  const texts = silent.map(({ nextHop, interface: name }) => `next hop ${nextHop} dev ${name} does not answer`);
  return [...texts, ...(outcome?.missingNextHops ?? [])].slice(0, MOST_REASONS);
}

function silentNetworks({ networks }: Facts): string[] {
  const names = unreachableNames(networks);
  return names.length === 0 ? [] : [`no target answers in ${names.join(', ')}`];
}

const unreachableNames = (networks: readonly WatchedNetwork[]): string[] =>
  networks.filter(({ state }) => state === 'unreachable').map(({ name }) => name);

function troubleWith({
  lockHolder,
  protocol,
  passError,
  list,
  rollout,
  pinned,
  watch,
  configMap,
  outcome,
}: Facts): readonly [Trouble, string] | undefined {
  if (lockHolder !== undefined)
    return [
      'protocol_in_use',
      `route protocol ${protocol} is in use on this node by ${lockHolder}; if both belong on this node, give one of the two another protocol`,
    ];
  if (pinned === undefined && list.state === 'gone')
    return ['list_gone', `ConfigMap ${configMap} is gone; its routes stay`];
  if (list.state === 'rejected')
    return [
      'list_rejected',
      `the route list was rejected, the last good one stays: ${findingLines(list.findings, 1).join(' ')}`,
    ];
  if (pinned === undefined && watch.state === 'failing')
    return ['api_server', `the API server: ${watch.reason}; the routes stay`];
  if (list.state === 'unknown') return ['list_unknown', `ConfigMap ${configMap} has not been read yet`];
  if (isTakenBack(rollout))
    return [
      'rolled_back',
      `the list was rolled back (${rollout.state}): ${rollout.reason}; the previous list stays in force${retrial(rollout)}`,
    ];
  if (rollout.reason !== undefined) return ['not_applied', `the list is not applied yet: ${rollout.reason}`];
  if (rollout.state === 'trial' && outcome !== undefined && outcome.verdicts.every(isGood))
    return ['not_confirmed', 'the list is applied but not confirmed yet'];
  if (pinned?.isInForce === false) return ['not_applied', 'the list is applied when the API server answers'];
  if (passError !== undefined) return ['kernel', passError];
  return outcome === undefined ? ['starting', 'the first pass is under way'] : undefined;
}

function retrial({ seconds }: RolloutFacts): string {
  if (seconds === undefined) return '';
  return `; the next attempt is in ${seconds < 90 ? `${seconds} s` : `${Math.round(seconds / 60)} min`}`;
}

function goodNews(verdicts: readonly Verdict[]): string {
  if (verdicts.length === 0) return 'the list is empty';
  const counts = countStates(verdicts);
  const elsewhere = verdicts.find(({ state }) => state === 'not-applicable');
  const listed = [...counts].map(([state, count]) => `${count} ${state}`).join(', ');
  const taken = countPartlyTaken(verdicts);
  const partly = taken === 0 ? '' : `; ${taken} partly taken`;
  return `${verdicts.length} routes: ${listed}${partly}${elsewhere === undefined ? '' : ` (${elsewhere.reason})`}`;
}

export function countStates(verdicts: readonly Verdict[]): Map<RouteState, number> {
  const counts = new Map<RouteState, number>();
  for (const { state } of verdicts) counts.set(state, (counts.get(state) ?? 0) + 1);
  return counts;
}

export function countPartlyTaken(verdicts: readonly Verdict[]): number {
  return verdicts.filter(({ isPartlyTaken }) => isPartlyTaken).length;
}

/** The body of /status: no secrets, at most 1,000 routes, those with problems first. */
export function statusOf(facts: Facts): object {
  const { outcome, list } = facts;
  const verdicts = [...(outcome?.verdicts ?? [])].sort((a, b) => Number(isGood(a)) - Number(isGood(b)));
  return {
    instance: facts.instance,
    node: facts.nodeName,
    ...readiness(facts),
    protocol: facts.protocol,
    list: {
      configMap: facts.configMap,
      state: list.state,
      ...((list.state === 'accepted' || list.state === 'rejected') && { version: list.version }),
      ...(list.state === 'rejected' && {
        findings: list.findings.slice(0, MOST_FINDINGS).map((finding: Finding) => findingText(finding)),
      }),
      duplicates: facts.duplicates.slice(0, MOST_FINDINGS),
      rollout: facts.rollout,
      ...(facts.pinned !== undefined && { differs: facts.pinned.differs }),
    },
    watch: facts.watch,
    privateNetworks: privateNetworkLines(outcome),
    ways: { nodes: nodesWay(verdicts), pods: facts.pods },
    rulesBeforeMain: ruleLines(outcome),
    nextHops: facts.nextHops,
    networks: networkFacts(facts.networks, performance.now()),
    missingNextHops: outcome?.missingNextHops ?? [],
    routes: verdicts.slice(0, MOST_ROUTES).map(({ route, state, way, reason }) => ({
      subnet: `${route.subnet}`,
      table: route.table,
      metric: route.metric,
      state,
      ...(way !== undefined && { way }),
      ...(outcome?.companions.has(prefixKey(route)) && { otherwise: 'unreachable' }),
      ...(reason !== undefined && { reason }),
      ...(route.comment !== undefined && { comment: route.comment }),
    })),
    routesOmitted: Math.max(0, verdicts.length - MOST_ROUTES),
    counts: Object.fromEntries(countStates(verdicts)),
    counters: facts.counters,
    reversePathFilters: facts.reversePathFilters,
    reversePathDrops: facts.reversePathDrops,
  };
}

/** The way of the node's own packets to the subnets of the main table. */
export function nodesWay(verdicts: readonly Verdict[]): { readonly state: PodsWay['state'] } {
  if (verdicts.some(({ state }) => state === 'shadowed')) return { state: 'shadowed' };
  return { state: verdicts.some(({ state }) => REACHED.has(state)) ? 'effective' : 'unknown' };
}

const REACHED: ReadonlySet<RouteState> = new Set(['effective', 'satisfied']);

function ruleLines(outcome: Outcome | undefined): string[] {
  const { rules } = outcome?.snapshot ?? { rules: [] };
  return ([4, 6] as const)
    .flatMap((family) => rulesBeforeMain(rules, family).map((rule) => `IPv${family} ${ruleText(rule)}`))
    .slice(0, MOST_RULES);
}

function privateNetworkLines(outcome: Outcome | undefined): object[] {
  const configured = [...(outcome?.privateNetworks ?? [])].filter(([, { state }]) => state !== 'unconfigured');
  return configured.map(([family, network]) => ({
    family: `IPv${family}`,
    state: network.state,
    ...(network.state === 'found'
      ? { network: `${network.network}`, way: hopsText(network.hops, outcome?.snapshot.links ?? new Map()) }
      : { reason: network.reason }),
  }));
}
