import type { Log } from '../program/log';
import type { InstanceLock } from './instance-lock';

/** How long nobody may have held a lock before what it guards is taken over. */
export const TAKEOVER_AFTER_MS = 60_000;
/** Looks further apart than this, as after the agent was stopped, do not add up: nobody saw what was between them. */
const LONGEST_GAP_MS = 10_000;
/** How often the locks are looked at. */
const LOOK_MS = 2_000;

/** Who may take over the routes that carry a protocol number, and does so. */
export interface TakeoverHandler {
  /** Whether it may do so now, and there is anything to take over. */
  isReadyFor(protocol: number): boolean;
  takeOver(protocol: number): void;
}

/** A protocol number of a pool that never shares a node with ours, and who holds it on this node. */
interface Watched {
  readonly protocol: number;
  readonly lock: Pick<InstanceLock, 'isHeld' | 'acquire' | 'release'>;
  /** To be called with what a look found, and when, in milliseconds. */
  readonly isFree: ReturnType<typeof freeTimer>;
}

/**
 * Has the routes of disjoint pools taken over that a node brought along when it moved from one of them to ours: those
 * of protocol numbers whose lock nobody held for 60 s. The lock is taken before, so that an agent of that pool which
 * comes back to this node waits until ours has left it.
 */
export class Takeover {
  private readonly watched: readonly Watched[];
  private readonly taken = new Set<number>();
  private nextLook: NodeJS.Timeout | undefined;
  private isStopped = false;
  private error: string | undefined;

  constructor(
    protocols: readonly number[],
    lockOf: (protocol: number) => Watched['lock'],
    private readonly handler: TakeoverHandler,
    private readonly log: Log,
  ) {
    this.watched = protocols.map((protocol) => ({ protocol, lock: lockOf(protocol), isFree: freeTimer() }));
  }

  start(): void {
    if (this.watched.length > 0) void this.look();
  }

  stop(): void {
    this.isStopped = true;
    clearTimeout(this.nextLook);
    for (const { lock } of this.watched) lock.release();
  }

  private async look(): Promise<void> {
    try {
      for (const each of this.watched) await this.lookAt(each);
      this.error = undefined;
    } catch (error) {
      const { message } = error as Error;
      if (message !== this.error) this.log('error', 'takeover.failed', message);
      this.error = message;
    }
    if (!this.isStopped) this.nextLook = setTimeout(() => void this.look(), LOOK_MS);
  }

  private async lookAt({ protocol, lock, isFree }: Watched): Promise<void> {
    if (this.isStopped || this.taken.has(protocol)) return;
    if (!isFree(await lock.isHeld(), performance.now())) return;
    if (!this.handler.isReadyFor(protocol) || (await lock.acquire()) !== undefined) return;
    // Meanwhile the end may have begun.
    if (this.isStopped || !this.handler.isReadyFor(protocol)) return lock.release();
    this.taken.add(protocol);
    this.handler.takeOver(protocol);
  }
}

/** Tells from looks at a lock whether it has been free for 60 s without interruption. Before the first nothing is known. */
function freeTimer(): (isHeld: boolean, now: number) => boolean {
  let free: { readonly since: number; readonly until: number } | undefined;
  return (isHeld, now) => {
    const since = free !== undefined && now - free.until <= LONGEST_GAP_MS ? free.since : now;
    free = isHeld ? undefined : { since, until: now };
    return !isHeld && now - since >= TAKEOVER_AFTER_MS;
  };
}
