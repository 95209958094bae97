import { abortable } from '../program/pause';

/**
 * What must finish before a change: a pause, and a reachability check. It is not bound to a list; otherwise, if lists
 * kept following each other, none would ever be applied.
 */
export class Preparation {
  private running: { readonly done: Promise<void>; readonly controller: AbortController } | undefined;

  /** Starts it, or joins the run in progress. @throws the reason of `signal` as soon as that is aborted; the run continues. */
  async join(begin: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void> {
    this.running ??= this.start(begin);
    const { done } = this.running;
    await abortable(done, signal);
  }

  stop(): void {
    this.running?.controller.abort();
    this.running = undefined;
  }

  private start(begin: (signal: AbortSignal) => Promise<void>) {
    const controller = new AbortController();
    const running = { controller, done: begin(controller.signal) };
    const end = () => {
      if (this.running === running) this.running = undefined;
    };
    running.done.then(end, end);
    return running;
  }
}
