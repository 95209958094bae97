import type { Address } from '../../network';
import type { Answer, KernelRoute, Snapshot } from '../kernel/types';
import { RTN_BLACKHOLE, RTN_PROHIBIT, RTN_UNREACHABLE } from '../netlink/constants';
import { routeDescription } from './route-hops';
import { leadsToMain, ruleText } from './rules';

/** The error of a lookup that ends at an entry or a rule of this type (fib_props in net/ipv4/fib_semantics.c). */
const REJECTED_BY: Readonly<Record<string, number>> = {
  EINVAL: RTN_BLACKHOLE,
  EHOSTUNREACH: RTN_UNREACHABLE,
  EACCES: RTN_PROHIBIT,
};

export const NO_RULE = 'no rule leads to main';

/** The FIB entry of an answer, if there is one. */
export function routeOf(answer: Answer | undefined): KernelRoute | undefined {
  return typeof answer === 'string' ? undefined : answer;
}

/**
 * For people: what wins the lookup of an address. If something rejects it, the kernel reports only its type, so the
 * entry or rule is searched for.
 */
export function answerText(answer: Answer | undefined, address: Address, snapshot: Snapshot): string {
  if (answer !== undefined && typeof answer !== 'string') return routeDescription(answer, snapshot);
  const type = REJECTED_BY[answer ?? ''];
  const entry = rejecting(snapshot.routes, type, address);
  if (entry !== undefined) return routeDescription(entry, snapshot);
  const { family } = address;
  const rule = snapshot.rules.find(
    (each) => each.family === family && each.action === type && (each.destination?.contains(address) ?? true),
  );
  if (rule !== undefined) return `the rule ${ruleText(rule)}`;
  return leadsToMain(snapshot.rules, family) ? 'no route' : NO_RULE;
}

function rejecting(routes: readonly KernelRoute[], type: number | undefined, address: Address) {
  if (type === undefined) return undefined;
  return routes
    .filter((route) => route.type === type && route.subnet.contains(address))
    .sort((a, b) => b.subnet.prefixLength - a.subnet.prefixLength || a.metric - b.metric)[0];
}
