import type { Family, Subnet } from '../network';
import { askedFor, type Proof, winsIn } from './decide/effect';
import { judgePod, type PodsWay, podQuestions, podSources, worstOf } from './decide/pods';
import type { Kernel } from './kernel/kernel';
import type { Snapshot } from './kernel/types';

export interface PodsSettings {
  /** The ranges of the cluster's pods. */
  readonly podSubnets: readonly Subnet[];
  /** Whether the node forwards what comes in by an interface; undefined if that is not known. */
  readonly isForwarding: (family: Family, name: string) => boolean | undefined;
}

/** What a pass asked the FIB, and of which state of the kernel. */
export interface Proved {
  readonly proof: Proof;
  readonly snapshot: Snapshot;
}

/** How packets of pods go: the FIB is asked what a pass asked, as if the packets came in from pods. */
export function lookAtPods(
  kernel: Pick<Kernel, 'lookup'>,
  proved: Proved | undefined,
  { podSubnets, isForwarding }: PodsSettings,
): PodsWay {
  if (proved === undefined) return worstOf([]);
  const { proof, snapshot } = proved;
  const wins = winsIn(proof, snapshot);
  const all = askedFor(proof);
  const families = ([4, 6] as const).filter((family) => all.some(({ question }) => question.address.family === family));
  const ways = families.flatMap((family): PodsWay[] => {
    const sources = podSources(snapshot, podSubnets, family);
    if (typeof sources === 'string') return [{ state: 'unknown', reason: sources }];
    return sources.map((source) => {
      const asked = podQuestions(source, all);
      const answers = kernel.lookup(asked.map(({ question }) => question));
      return judgePod(source, asked, answers, wins, isForwarding, snapshot);
    });
  });
  return worstOf(ways);
}
