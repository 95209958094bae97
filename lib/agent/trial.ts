import type { Target } from '../network';
import { Backoff } from '../program/api/backoff';
import { PATIENCE_MS } from '../program/connection';
import { pause } from '../program/pause';
import { isCause, isDoubtful, isGone, NONE, sum, type Tally } from './decide/losses';
import { type Attempt, type Look, lookAt, type Tallies } from './reachability';

const BEFORE: Look = { connections: 4, windowMs: 1_000 };
const AFTER: Look = { connections: 8, windowMs: 2_000 };
const ONE: Look = { connections: 1, windowMs: 0 };
/** A change is taken back at the latest so long after it: the look after it and its repetition are over by then. */
export const CONFIRM_MS = 2 * (AFTER.windowMs + PATIENCE_MS);
/** So long a change waits for the server that delivered the list. */
const SERVER_MS = 30_000;
/** While a list waits for its next hops, what was seen before is looked at again after this time. */
const STALE_MS = 5_000;

export interface TrialParts {
  /** What has to stay reachable; the API server's address comes first. */
  readonly targets: readonly Target[];
  readonly attempt: Attempt;
  readonly random: () => number;
  /**
   * Whether the list comes with the pod. Else the API server has just delivered it, hence could be reached, even if it
   * does not answer now.
   */
  readonly isRolling: boolean;
}

/** Looks at what can be reached before a change, with it, and after it was undone. */
export class Trial {
  /** What the change is held against. */
  private before: Tallies = new Map();
  private changed: Tallies = new Map();
  /** Of a change that was undone, what was reachable afterwards. */
  private undone: Tallies = new Map();
  private readonly server: Target | undefined;
  /** When `before` was true last. */
  private seenAt = 0;

  constructor(private readonly parts: TrialParts) {
    this.server = parts.isRolling ? undefined : parts.targets[0];
  }

  /** What was reachable before, as the server that delivered the list always was; all where nobody looked. */
  private get owed(): readonly Target[] {
    const { targets } = this.parts;
    if (this.before.size === 0) return this.server === undefined ? targets : [this.server];
    return targets.filter((target) => target === this.server || tallyOf(this.before, target).answered > 0);
  }

  /** Nothing is known of what can be reached, but that a server has delivered the list, if one has. */
  forget(): void {
    this.before = new Map();
  }

  /**
   * Connections that fail are repeated. The server that delivered the list has time to come back; with rolling changes a
   * list waits for it, since one that nothing confirms would go on to other nodes.
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

  /** @returns what is gone since the change, of what was reachable before. */
  async lookAfter(signal: AbortSignal): Promise<Target[]> {
    const { before } = this;
    const first = await this.look(this.owed, AFTER, signal);
    const doubtful = this.owed.filter((target) => isDoubtful(tallyOf(before, target), tallyOf(first, target)));
    const again = await this.look(doubtful, AFTER, signal);
    this.changed = merged(first, again);
    return doubtful.filter((target) => isGone(...tallies(target, before, first, again)));
  }

  /** @returns whether the change was the cause that so much is gone. */
  async lookUndone(gone: readonly Target[], signal: AbortSignal): Promise<boolean> {
    this.undone = await this.look(gone, AFTER, signal);
    return gone.some((target) => isCause(...tallies(target, this.before, this.changed, this.undone)));
  }

  /** Resolves when each of them answers. */
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
