import type { Trigger } from './pass-schedule';
import type { Outcome } from './reconciler';

/** Passes, for those who wait for one. */
export class Passes {
  private onPass: (outcome: Outcome) => void = () => undefined;

  /** @param request asks for a pass with what is in force. */
  constructor(private readonly request: (trigger: Trigger) => void) {}

  /** To be called after each. */
  made(outcome: Outcome): void {
    const { onPass } = this;
    this.onPass = () => undefined;
    onPass(outcome);
  }

  /** Asks for one. @returns what it found, with all that is in force now. */
  make(trigger: Trigger, signal: AbortSignal): Promise<Outcome> {
    const made = this.next(signal);
    this.request(trigger);
    return made;
  }

  /** What the next one finds, whoever asks for it. */
  next(signal: AbortSignal): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      const onAbort = () => reject(signal.reason);
      signal.addEventListener('abort', onAbort, { once: true });
      this.onPass = (outcome) => {
        signal.removeEventListener('abort', onAbort);
        resolve(outcome);
      };
    });
  }
}
