import { abortable } from '../program/pause';
import type { Outcome } from './reconciler';

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

/** Passes, as those know them who ask for one and wait for what it finds. */
export abstract class Passes {
  private onPass: (outcome: Outcome) => void = () => undefined;

  /** Asks for one with what is in force then. */
  abstract request(trigger: Trigger): void;

  /** Asks for one. @returns what it found. @throws the reason of `signal`, as soon as it is aborted. */
  run(trigger: Trigger, signal: AbortSignal): Promise<Outcome> {
    const made = this.next(signal);
    this.request(trigger);
    return made;
  }

  /** What the next one finds, whoever asks for it. */
  next(signal: AbortSignal): Promise<Outcome> {
    const made = new Promise<Outcome>((resolve) => {
      this.onPass = resolve;
    });
    return abortable(made, signal);
  }

  /** To be called after each that could be made. */
  made(outcome: Outcome): void {
    const { onPass } = this;
    this.onPass = () => undefined;
    onPass(outcome);
  }
}
