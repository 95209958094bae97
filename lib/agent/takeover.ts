import type { Log } from '../program/log';
import type { InstanceLock } from './instance-lock';

/** How long a lock must be free before the routes that it protects are taken over. */
export const TAKEOVER_AFTER_MS = 60_000;
/** Checks further apart than this, as after the agent was suspended, do not count as continuous. */
const LONGEST_GAP_MS = 10_000;
/** How often the locks are checked. */
const LOOK_MS = 2_000;

/** Takes over the routes with a protocol number if allowed. */
export interface TakeoverHandler {
  /** Whether it may do so now, and there is anything to take over. */
  isReadyFor(protocol: number): boolean;
  takeOver(protocol: number): void;
}

/** A protocol number of a pool that never shares a node with ours, and its holder on this node. */
interface Watched {
  readonly protocol: number;
  readonly lock: Pick<InstanceLock, 'isHeld' | 'acquire' | 'release'>;
  /** Call this with the result and the time of each check, in milliseconds. */
  readonly isFree: ReturnType<typeof freeTimer>;
}

/**
 * Takes over the routes of disjoint pools that a node brought along when it moved to our pool: those with protocol
 * numbers whose lock has been free for 60 s. It acquires the lock first, so that a returning agent of that pool waits
 * until ours has left the node.
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
    // The agent may be stopping by now.
    if (this.isStopped || !this.handler.isReadyFor(protocol)) return lock.release();
    this.taken.add(protocol);
    this.handler.takeOver(protocol);
  }
}

/**
 * Determines from checks of a lock whether it has been free for 60 s without interruption. Unknown before the first
 * check.
 */
function freeTimer(): (isHeld: boolean, now: number) => boolean {
  let free: { readonly since: number; readonly until: number } | undefined;
  return (isHeld, now) => {
    const since = free !== undefined && now - free.until <= LONGEST_GAP_MS ? free.since : now;
    free = isHeld ? undefined : { since, until: now };
    return !isHeld && now - since >= TAKEOVER_AFTER_MS;
  };
}
