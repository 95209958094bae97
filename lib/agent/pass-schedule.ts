import { Backoff } from '../program/api/backoff';

/** Passes take at most a third of the time, whatever storms of events go on. */
const REST_FACTOR = 2;

/** Why a pass is made. */
export type Trigger =
  | 'start'
  | 'list'
  | 'rollback'
  /** A list was confirmed, so that its routes get companions. */
  | 'confirmed'
  | 'next hop'
  | 'takeover'
  /** From here on: nothing was to change, so that what does is a repair. */
  | 'kernel event'
  | 'resync'
  | 'retry';

const REPAIRING: ReadonlySet<Trigger> = new Set(['kernel event', 'resync', 'retry']);

/** Whether changes of such a pass are repairs. */
export function isRepair(trigger: Trigger): boolean {
  return REPAIRING.has(trigger);
}

/** Decides when passes are made: several requests become one, and rest is kept between two. */
export class PassSchedule {
  private next: { readonly trigger: Trigger; readonly due: number; readonly timer: NodeJS.Timeout } | undefined;
  private restUntil = 0;
  private readonly retry = new Backoff();

  constructor(
    /** Makes a pass, and returns whether all of it succeeded; else it is made again, ever more rarely. */
    private readonly make: (trigger: Trigger) => boolean,
  ) {}

  /** Asks for a pass, at once or after so many milliseconds. */
  request(trigger: Trigger, delay = 0): void {
    const now = performance.now();
    const due = Math.max(now + delay, this.restUntil);
    // What is no repair gives its name to the pass even if that is to come anyway.
    if (this.next !== undefined && this.next.due <= due && isRepair(trigger)) return;
    clearTimeout(this.next?.timer);
    const name = this.next !== undefined && !isRepair(this.next.trigger) ? this.next.trigger : trigger;
    const at = Math.min(due, this.next?.due ?? due);
    this.next = { trigger: name, due: at, timer: setTimeout(() => this.pass(name), at - now) };
  }

  stop(): void {
    clearTimeout(this.next?.timer);
    this.next = undefined;
  }

  private pass(trigger: Trigger): void {
    this.next = undefined;
    const started = performance.now();
    const isDone = this.make(trigger);
    const ended = performance.now();
    this.restUntil = ended + REST_FACTOR * (ended - started);
    if (isDone) this.retry.reset();
    else this.request('retry', this.retry.next());
  }
}
