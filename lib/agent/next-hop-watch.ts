import { firstHealth, type Health, nextHealth } from './decide/health';
import { type NextHop, nextHopKey } from './decide/next-hops';
import type { Kernel } from './kernel/kernel';
import type { Hop } from './kernel/types';

const LOOK_MS = 1_000;
/** Next hops that nothing could take the place of are looked at to be told about only: at each tenth look. */
const LOOKS_PER_LONE = 10;

/** A next hop with what was found out about it. */
export interface WatchedNextHop extends NextHop {
  readonly health: Health;
}

/** Has the kernel ask the next hops every second whether they are there, and tells when one stops or starts to answer. */
export class NextHopWatch {
  private watched = new Map<string, WatchedNextHop>();
  private looks = 0;
  private timer: NodeJS.Timeout | undefined;

  /**
   * @param now milliseconds of a steady clock.
   * @param onChange called with those whose state is another one than at the look before.
   * @param onTrouble called when the kernel cannot be asked; nothing changes then.
   */
  constructor(
    private readonly kernel: Pick<Kernel, 'askNeighbours'>,
    private readonly now: () => number,
    private readonly onChange: (changed: readonly WatchedNextHop[]) => void,
    private readonly onTrouble: (error: Error) => void,
  ) {}

  get all(): readonly WatchedNextHop[] {
    return [...this.watched.values()];
  }

  readonly healthOf = ({ gateway, link }: Hop): Health | undefined =>
    gateway && this.watched.get(nextHopKey(gateway, link))?.health;

  /** From now on these are watched; of those that were before, what is known is kept. */
  follow(nextHops: readonly NextHop[]): void {
    const { watched: before } = this;
    this.watched = new Map(
      nextHops.map((nextHop) => {
        const key = nextHopKey(nextHop.address, nextHop.link);
        return [key, { ...nextHop, health: before.get(key)?.health ?? firstHealth(this.now()) }];
      }),
    );
    if (this.watched.size === 0) this.stop();
    else this.timer ??= setInterval(() => this.look(), LOOK_MS);
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private look(): void {
    const isLoneLook = this.looks++ % LOOKS_PER_LONE === 0;
    const asked = this.all.filter(({ isAlone }) => isLoneLook || !isAlone);
    if (asked.length === 0) return;
    try {
      const neighbours = this.kernel.askNeighbours(asked);
      const now = this.now();
      const seen = asked.map((each, i) => ({ ...each, health: nextHealth(each.health, neighbours[i], now) }));
      const changed = seen.filter(({ health }, i) => health.state !== asked[i]?.health.state);
      for (const each of seen) this.watched.set(nextHopKey(each.address, each.link), each);
      if (changed.length > 0) this.onChange(changed);
    } catch (error) {
      this.onTrouble(error as Error);
    }
  }
}
