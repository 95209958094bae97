import type { Family, Subnet } from '../network';
import { routeOf } from './decide/answer';
import { type PodsWay, podQuestions, podSources, podsWayOf, worstOf } from './decide/pods';
import { routeText } from './decide/route-hops';
import { ruleText } from './decide/rules';
import { askedFor, type Verification, winsIn } from './decide/verify';
import type { Kernel } from './kernel/kernel';
import type { Snapshot } from './kernel/types';
import { FR_ACT_TO_TBL } from './netlink/constants';

export interface PodsSettings {
  /** The ranges of the cluster's pods. */
  readonly podSubnets: readonly Subnet[];
  /** Whether the node forwards packets that arrive on an interface; undefined if not known. */
  readonly isForwarding: (family: Family, name: string) => boolean | undefined;
}

/** The lookups of a pass, and the kernel state that they refer to. */
export interface Verified {
  readonly verification: Verification;
  readonly snapshot: Snapshot;
}

/** Where packets from pods go: repeats the lookups of a pass as if the packets arrived from pods. */
export function lookUpPods(
  kernel: Pick<Kernel, 'lookup'>,
  verified: Verified | undefined,
  { podSubnets, isForwarding }: PodsSettings,
): PodsWay {
  if (verified === undefined) return worstOf([]);
  const { verification, snapshot } = verified;
  const wins = winsIn(verification, snapshot);
  const all = askedFor(verification);
  const families = ([4, 6] as const).filter((family) => all.some(({ question }) => question.address.family === family));
  const ways = families.flatMap((family): PodsWay[] => {
    const sources = podSources(snapshot, podSubnets, family);
    if (typeof sources === 'string') return [{ state: 'unknown', reason: sources }];
    return sources.map((source) => {
      const asked = podQuestions(source, all);
      const answers = kernel.lookup(asked.map(({ question }) => question));
      return podsWayOf(source, asked, answers, wins, isForwarding, snapshot);
    });
  });
  return worstOf(ways);
}

/**
 * How the node would answer an on-premise packet that arrives on a link, as text for people: what the reverse path filter
 * looks at. Undefined if the link has no IPv4 address, or no route is in force.
 */
export function wayBack(
  kernel: Pick<Kernel, 'lookup'>,
  verified: Verified | undefined,
  link: number,
): string | undefined {
  const question = verified?.verification.questions.find(({ address }) => address.family === 4);
  const own = verified?.snapshot.addresses.find((each) => each.link === link && each.address.family === 4)?.address;
  if (verified === undefined || question === undefined || own === undefined) return undefined;
  const { snapshot } = verified;
  const [answer] = kernel.lookup([{ address: question.address, source: own }]);
  const route = routeOf(answer);
  if (route === undefined) return `there is no route back to ${question.address}`;
  const rule = snapshot.rules.find(
    ({ family, action, table, source }) =>
      family === 4 && action === FR_ACT_TO_TBL && table === route.table && (source?.contains(own) ?? true),
  );
  const by = rule === undefined ? '' : ` by rule ${ruleText(rule)}`;
  return `an answer to ${question.address} leaves by ${routeText(route, snapshot)}${by}`;
}
