import { type Finding, findingText } from '../../network';
import type { PodsWay } from '../decide/pods';
import { prefixKey } from '../decide/prefix';
import { hopsText } from '../decide/route-hops';
import { rulesBeforeMain, ruleText } from '../decide/rules';
import { countStates, isGood, type RouteState, type Verdict } from '../decide/verdicts';
import type { Outcome } from '../reconciler';
import type { Facts } from './facts';
import { networkFacts } from './networks';
import { readiness } from './readiness';

const MOST_ROUTES = 1000;
const MOST_FINDINGS = 50;
const MOST_RULES = 50;

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
