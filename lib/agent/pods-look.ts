import type { Family, Subnet } from '../network';
import { type PodsWay, podQuestions, podSources, podsWayOf, worstOf } from './decide/pods';
import { askedFor, type Verification, winsIn } from './decide/verify';
import type { Kernel } from './kernel/kernel';
import type { Snapshot } from './kernel/types';

export interface PodsSettings {
  /** The ranges of the cluster's pods. */
  readonly podSubnets: readonly Subnet[];
  /** Whether the node forwards what comes in by an interface; undefined if that is not known. */
  readonly isForwarding: (family: Family, name: string) => boolean | undefined;
}

/** What a pass asked the FIB, and of which state of the kernel. */
export interface Verified {
  readonly verification: Verification;
  readonly snapshot: Snapshot;
}

/** How packets of pods go: the FIB is asked what a pass asked, as if the packets came in from pods. */
export function lookAtPods(
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
