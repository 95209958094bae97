import { abortable } from '../program/pause';
import type { Outcome } from './reconciler';

/** Why a pass runs. */
export type Trigger =
  | 'start'
  | 'list'
  | 'rollback'
  /** A list was confirmed, so its routes get companions. */
  | 'confirmed'
  | 'next hop'
  | 'takeover'
  /** The reasons below expect no change, so any change is a repair. */
  | 'kernel event'
  | 'resync'
  | 'retry';

/** The interface for requesting a pass and waiting for its result. */
export abstract class Passes {
  private onPass: (outcome: Outcome) => void = () => undefined;

  /** Requests a pass with the list that is then in force. */
  abstract request(trigger: Trigger): void;

  /** Requests a pass. @returns its result. @throws the reason of `signal` as soon as it is aborted. */
  run(trigger: Trigger, signal: AbortSignal): Promise<Outcome> {
    const made = this.next(signal);
    this.request(trigger);
    return made;
  }

  /** The result of the next pass, whoever requests it. */
  next(signal: AbortSignal): Promise<Outcome> {
    const made = new Promise<Outcome>((resolve) => {
      this.onPass = resolve;
    });
    return abortable(made, signal);
  }

  /** Call this after each successful pass. */
  made(outcome: Outcome): void {
    const { onPass } = this;
    this.onPass = () => undefined;
    onPass(outcome);
  }
}
