import { findingLines } from '../../network';
import { countPartlyTaken, countStates, isGood, type Verdict } from '../decide/verdicts';
import type { WatchedNetwork } from '../path-monitor';
import { DIFFERS } from '../route-source';
import { type Facts, isTakenBack, type RolloutFacts } from './facts';

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
  return ['pods', `pods' packets are shadowed ${pods.reason}`];
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
      `the route list was rejected; the last valid one stays: ${findingLines(list.findings, 1).join(' ')}`,
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
