import type { Target } from '../network';
import { Backoff } from '../program/api/backoff';
import { PATIENCE_MS } from '../program/connection';
import { pause } from '../program/pause';
import { isCause, isDoubtful, isGone, NONE, sum, type Tally } from './decide/losses';
import { type Attempt, type Look, lookAt, type Tallies } from './reachability';

const BEFORE: Look = { connections: 4, windowMs: 1_000 };
const AFTER: Look = { connections: 8, windowMs: 2_000 };
const ONE: Look = { connections: 1, windowMs: 0 };
/**
 * The time after which an unconfirmed change is rolled back at the latest: by then, the check and its repetition are
 * finished.
 */
export const CONFIRM_MS = 2 * (AFTER.windowMs + PATIENCE_MS);
/** How long a change waits for the server that delivered the list. */
const SERVER_MS = 30_000;
/** While a list waits for its next hops, the earlier check is repeated after this time. */
const STALE_MS = 5_000;

export interface TrialParts {
  /** What must stay reachable; the API server's address comes first. */
  readonly targets: readonly Target[];
  readonly attempt: Attempt;
  readonly random: () => number;
  /**
   * Whether the list comes with the pod. Otherwise, the API server has just delivered it and was therefore reachable,
   * even if it does not answer now.
   */
  readonly isRolling: boolean;
}

/** Checks what is reachable before a change, with it, and after it was undone. */
export class Trial {
  /** What the change is compared with. */
  private before: Tallies = new Map();
  private changed: Tallies = new Map();
  /** What was reachable after a change was undone. */
  private undone: Tallies = new Map();
  private readonly server: Target | undefined;
  /** When `before` was true last. */
  private seenAt = 0;

  constructor(private readonly parts: TrialParts) {
    this.server = parts.isRolling ? undefined : parts.targets[0];
  }

  /**
   * What was reachable before, which always includes the server that delivered the list; everything if there was no
   * check.
   */
  private get owed(): readonly Target[] {
    const { targets } = this.parts;
    if (this.before.size === 0) return this.server === undefined ? targets : [this.server];
    return targets.filter((target) => target === this.server || tallyOf(this.before, target).answered > 0);
  }

  /** Assumes nothing about reachability, except that a server has delivered the list, if one has. */
  forget(): void {
    this.before = new Map();
  }

  /**
   * Repeats failed connections. The server that delivered the list has time to come back; with rolling changes, a list
   * waits for it, because an unconfirmed list would otherwise continue to other nodes.
   */
  async lookBefore(signal: AbortSignal, onNoAnswer: () => void = () => undefined): Promise<void> {
    const { server } = this;
    const first = await this.look(this.parts.targets, BEFORE, signal);
    const failed = this.parts.targets.filter((target) => tallyOf(first, target).answered < BEFORE.connections);
    this.before = merged(merged(first, await this.look(failed, BEFORE, signal)), this.undone);
    this.undone = new Map();
    const backoff = new Backoff();
    const until = performance.now() + (server === undefined ? Number.POSITIVE_INFINITY : SERVER_MS);
    const asked = this.parts.targets.slice(0, 1);
    while (!asked.some((target) => tallyOf(this.before, target).answered > 0) && performance.now() < until) {
      onNoAnswer();
      await pause(Math.min(backoff.next(), until - performance.now()), signal);
      this.before = new Map([...this.before, ...(await this.look(asked, BEFORE, signal))]);
    }
    this.seenAt = performance.now();
  }

  /** Forgets targets that are lost before anything was changed. */
  async lookAgain(signal: AbortSignal): Promise<void> {
    if (this.before.size === 0) return this.lookBefore(signal);
    if (performance.now() - this.seenAt < STALE_MS) return;
    const now = await this.look(this.parts.targets, ONE, signal);
    if ([...now.values()].every(({ answered }) => answered > 0)) this.seenAt = performance.now();
    else await this.lookBefore(signal);
  }

  /** @returns the targets that were reachable before the change and are lost now. */
  async lookAfter(signal: AbortSignal): Promise<Target[]> {
    const { before } = this;
    const first = await this.look(this.owed, AFTER, signal);
    const doubtful = this.owed.filter((target) => isDoubtful(tallyOf(before, target), tallyOf(first, target)));
    const again = await this.look(doubtful, AFTER, signal);
    this.changed = merged(first, again);
    return doubtful.filter((target) => isGone(...tallies(target, before, first, again)));
  }

  /** @returns whether the change caused the loss. */
  async lookUndone(gone: readonly Target[], signal: AbortSignal): Promise<boolean> {
    this.undone = await this.look(gone, AFTER, signal);
    return gone.some((target) => isCause(...tallies(target, this.before, this.changed, this.undone)));
  }

  /** Resolves once each of them answers. */
  async untilBack(gone: readonly Target[], signal: AbortSignal): Promise<void> {
    const backoff = new Backoff();
    const hasAnswer = (found: Tallies) => (target: Target) => tallyOf(found, target).answered > 0;
    if (gone.every(hasAnswer(this.undone))) return;
    this.undone = new Map(); // an outage says nothing about the next trial
    while (!gone.every(hasAnswer(await this.look(gone, ONE, signal)))) await pause(backoff.next(), signal);
  }

  private look(targets: readonly Target[], look: Look, signal: AbortSignal): Promise<Tallies> {
    return lookAt(targets, look, this.parts.attempt, signal, this.parts.random);
  }
}

function tallyOf(found: Tallies, target: Target): Tally {
  return found.get(target) ?? NONE;
}

function tallies(target: Target, one: Tallies, two: Tallies, three: Tallies): [Tally, Tally, Tally] {
  return [tallyOf(one, target), tallyOf(two, target), tallyOf(three, target)];
}

function merged(one: Tallies, other: Tallies): Tallies {
  const both = new Set([...one.keys(), ...other.keys()]);
  return new Map([...both].map((target) => [target, sum(tallyOf(one, target), tallyOf(other, target))]));
}
