import { Backoff } from '../program/api/backoff';
import { Passes, type Trigger } from './passes';
import type { Outcome } from './reconciler';

/** Passes take at most a third of the time, even in an event storm. */
const REST_FACTOR = 2;

const REPAIRING: ReadonlySet<Trigger> = new Set(['kernel event', 'resync', 'retry']);

/** Whether changes of such a pass are repairs. */
export function isRepair(trigger: Trigger): boolean {
  return REPAIRING.has(trigger);
}

/** Decides when passes run: several requests become one pass, with a pause between two. */
export class PassSchedule extends Passes {
  private planned: { readonly trigger: Trigger; readonly due: number; readonly timer: NodeJS.Timeout } | undefined;
  private restUntil = 0;
  private readonly retry = new Backoff();

  constructor(
    /**
     * Runs a pass; returns undefined if it failed. A pass with failures is retried with growing delays until one
     * succeeds.
     */
    private readonly make: (trigger: Trigger) => Outcome | undefined,
    /** Whether a pass may run now; otherwise, a request is ignored. */
    private readonly isAllowed: () => boolean = () => true,
  ) {
    super();
  }

  /** Requests a pass at once, or after this many milliseconds. */
  override request(trigger: Trigger, delay = 0): void {
    if (!this.isAllowed()) return;
    const now = performance.now();
    const due = Math.max(now + delay, this.restUntil);
    // A reason other than a repair names the pass, even if a pass is already due.
    if (this.planned !== undefined && this.planned.due <= due && isRepair(trigger)) return;
    clearTimeout(this.planned?.timer);
    const name = this.planned !== undefined && !isRepair(this.planned.trigger) ? this.planned.trigger : trigger;
    const at = Math.min(due, this.planned?.due ?? due);
    this.planned = { trigger: name, due: at, timer: setTimeout(() => this.pass(name), Math.max(0, at - now)) };
  }

  stop(): void {
    clearTimeout(this.planned?.timer);
    this.planned = undefined;
  }

  private pass(trigger: Trigger): void {
    this.planned = undefined;
    if (!this.isAllowed()) return;
    const started = performance.now();
    const outcome = this.make(trigger);
    const ended = performance.now();
    this.restUntil = ended + REST_FACTOR * (ended - started);
    if (outcome !== undefined) this.made(outcome);
    if (outcome?.failed.length === 0) this.retry.reset();
    else this.request('retry', this.retry.next());
  }
}
