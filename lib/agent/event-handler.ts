import type { RouteList } from '../network';
import type { Log } from '../program/log';
import { type EventFilter, eventFilter, watchedSubnets } from './decide/event-filter';
import type { Ownership } from './decide/ownership';
import type { KernelEvent } from './kernel/events';
import type { Change } from './kernel/types';
import type { Outcome, Reconciler } from './reconciler';
import type { Settings } from './settings';
import { asStable, Derived } from './stable';

/** The number of events beyond which they are a storm, which needs a pass. */
const MOST_AT_ONCE = 16;
/** In a storm, the kernel drops events repeatedly. */
const OVERRUN_REST_MS = 1_000;
/** Limits how fast two programs can fight over a route. */
const ANSWER_REST_MS = 100;

/** Picks the events that concern the list, and reacts at once to those that are certain. A pass always follows. */
export class EventHandler {
  private readonly subnets = new Derived(watchedSubnets);
  private readonly filters = new Derived(eventFilter);
  /** Until the first pass, every event is relevant. */
  private filter: EventFilter | undefined;
  /** The list of the last pass. */
  private judged: RouteList | undefined;
  private nextAnswer = 0;
  private nextReport = 0;

  constructor(
    private readonly reconciler: Pick<Reconciler, 'answer'>,
    private readonly settings: Settings,
    private readonly log: Log,
  ) {}

  afterPass(list: RouteList, outcome: Outcome, ownership: Ownership): void {
    this.filter = this.filters.of({
      subnets: this.subnets.of({ list: asStable(list), settings: asStable(this.settings) }),
      ownership: asStable(ownership),
      verdicts: outcome.verdicts,
      missingNextHops: asStable(outcome.missingNextHops),
      snapshot: asStable(outcome.snapshot),
    });
    this.judged = list;
  }

  /** @returns the events that may change the result of the last pass. */
  relevant(events: readonly KernelEvent[]): readonly KernelEvent[] {
    const { filter } = this;
    const ours = filter === undefined ? events : events.filter(filter);
    if (performance.now() >= this.nextReport && ours.some(({ kind }) => kind === 'overrun')) {
      this.log('warn', 'kernel.overrun', 'kernel events were lost; reading everything again');
      this.nextReport = performance.now() + OVERRUN_REST_MS;
    }
    return ours;
  }

  /** Makes the quick answer's changes. The pass that follows verifies them. @returns what was changed. */
  answer(events: readonly KernelEvent[], inForce: RouteList | undefined): readonly Change[] {
    if (inForce === undefined || inForce !== this.judged) return [];
    if (events.length > MOST_AT_ONCE || performance.now() < this.nextAnswer) return [];
    try {
      const { done } = this.reconciler.answer(events);
      if (done.length > 0) this.nextAnswer = performance.now() + ANSWER_REST_MS;
      return done;
    } catch (error) {
      this.log('debug', 'answer.failed', `left to the next pass: ${(error as Error).message}`);
      return [];
    }
  }
}
