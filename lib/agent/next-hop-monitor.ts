import { firstHealth, type Health, type NextHop, nextHealth, nextHopKey } from './decide/next-hop-health';
import type { Kernel } from './kernel/kernel';
import type { NeighbourKey } from './kernel/neighbour';
import type { Hop } from './kernel/types';

const LOOK_MS = 1_000;
/** Next hops without an alternative are checked only for reports: less often by this factor. */
const LOOKS_PER_LONE = 10;
/**
 * A list may name thousands of next hops. At most this many queries are sent per second, plus as many to new next hops.
 */
const MOST_ASKED = 64;
/** What is known about a next hop is kept beyond a pass that finds no way to it. */
const FORGET_MS = 60_000;

/** A next hop with its state. */
export interface WatchedNextHop extends NextHop {
  readonly health: Health;
}

/** Makes the kernel probe the next hops every second, and reports when one stops or starts to answer. */
export class NextHopMonitor {
  /** Called with the next hops whose state has changed. */
  onChange: (changed: readonly WatchedNextHop[]) => void = () => undefined;
  /** How often one of them stopped or started answering, or was forgotten. */
  changes = 0;

  private followed: readonly NextHop[] = [];
  private readonly known = new Map<string, { health: Health; wanted: number }>();
  private looks = 0;
  /** Where the next check begins if there are more than it may query. */
  private turn = 0;
  private firsts = { since: Number.NEGATIVE_INFINITY, asked: 0 };
  private timer: NodeJS.Timeout | undefined;
  private period: number | undefined;
  private trouble: string | undefined;

  constructor(
    private readonly kernel: Pick<Kernel, 'askNeighbours'>,
    /** Milliseconds of a steady clock. */
    private readonly now: () => number,
    /** Called if the kernel cannot be queried, once for each reason. */
    private readonly onTrouble: (reason: string) => void,
  ) {}

  get all(): readonly WatchedNextHop[] {
    return this.followed.map((nextHop) => ({ ...nextHop, health: this.knownOf(nextHop).health }));
  }

  /** A next hop that was never watched is checked first. */
  readonly healthOf = ({ gateway, link }: Hop): Health | undefined =>
    gateway && this.knownOf({ address: gateway, link }).health;

  /** Watches these from now on; the state of others is kept for a minute. */
  follow(nextHops: readonly NextHop[]): void {
    this.followed = nextHops;
    const now = this.now();
    for (const nextHop of nextHops) this.knownOf(nextHop).wanted = now;
    for (const [key, { wanted }] of this.known) if (now - wanted > FORGET_MS && this.known.delete(key)) this.changes++;
    const period = nextHops.some(({ isAlone }) => !isAlone) ? LOOK_MS : LOOK_MS * LOOKS_PER_LONE;
    if (nextHops.length === 0) this.stop();
    else if (period !== this.period) this.lookEvery(period);
  }

  stop(): void {
    clearInterval(this.timer);
    this.period = undefined;
  }

  private lookEvery(period: number): void {
    this.stop();
    this.period = period;
    this.timer = setInterval(() => this.look(), period);
  }

  private knownOf(key: NeighbourKey): { health: Health; wanted: number } {
    const name = nextHopKey(key.address, key.link);
    const known = this.known.get(name);
    if (known !== undefined) return known;
    const [neighbour] = this.mayAskFirst() ? (this.ask([key]) ?? []) : [];
    const first = { health: firstHealth(neighbour, this.now()), wanted: this.now() };
    this.known.set(name, first);
    return first;
  }

  /** A next hop that is not queried now counts as up, and is queried at a later check. */
  private mayAskFirst(): boolean {
    const now = this.now();
    if (now - this.firsts.since >= LOOK_MS) this.firsts = { since: now, asked: 0 };
    return this.firsts.asked++ < MOST_ASKED;
  }

  private inTurn(due: readonly NextHop[]): readonly NextHop[] {
    if (due.length <= MOST_ASKED) return due;
    const first = this.turn % due.length;
    this.turn = first + MOST_ASKED;
    return [...due.slice(first), ...due.slice(0, first)].slice(0, MOST_ASKED);
  }

  private look(): void {
    const isLoneLook = this.period !== LOOK_MS || this.looks++ % LOOKS_PER_LONE === 0;
    const asked = this.inTurn(this.followed.filter(({ isAlone }) => isLoneLook || !isAlone));
    const neighbours = asked.length === 0 ? undefined : this.ask(asked);
    if (neighbours === undefined) return;
    const now = this.now();
    const changed = asked.flatMap((nextHop, i) => {
      const known = this.knownOf(nextHop);
      const before = known.health;
      known.health = nextHealth(before, neighbours[i], now);
      return known.health.state === before.state ? [] : [{ ...nextHop, health: known.health }];
    });
    if (changed.length === 0) return;
    this.changes += changed.length;
    this.onChange(changed);
  }

  private ask(keys: readonly NeighbourKey[]): ReturnType<Kernel['askNeighbours']> | undefined {
    try {
      const neighbours = this.kernel.askNeighbours(keys);
      this.trouble = undefined;
      return neighbours;
    } catch (error) {
      const { message } = error as Error;
      if (message !== this.trouble) this.onTrouble(message);
      this.trouble = message;
      return undefined;
    }
  }
}
