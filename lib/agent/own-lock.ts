import type { Log } from '../program/log';
import type { InstanceLock } from './instance-lock';
import type { Settings } from './settings';

const RETRY_MS = 1_000;

/** The lock of our protocol number: acquired as soon as possible, and held until the end. */
export class OwnLock {
  /** The holder, if not us. */
  holder: string | undefined;
  isOurs = false;

  private error: string | undefined;
  private retry: NodeJS.Timeout | undefined;
  private isReleased = false;

  constructor(
    private readonly lock: InstanceLock,
    private readonly settings: Settings,
    /** Called once it is ours. */
    private readonly onTaken: () => void,
    private readonly log: Log,
  ) {}

  async take(): Promise<void> {
    try {
      const holder = await this.lock.acquire();
      if (this.isReleased) return this.lock.release();
      this.error = undefined;
      this.isOurs = holder === undefined;
      if (this.isOurs && this.holder !== undefined)
        this.log('info', 'lock.taken', 'the other agent is gone; this agent continues');
      else if (holder !== this.holder)
        this.log(
          'warn',
          'lock.held',
          `route protocol ${this.settings.ownership.protocol} is in use by ${holder}; this agent changes nothing until the other one stops`,
        );
      this.holder = holder;
      if (this.isOurs) return this.onTaken();
    } catch (error) {
      const { message } = error as Error;
      if (message !== this.error) this.log('error', 'lock.failed', message);
      this.error = message;
    }
    if (!this.isReleased) this.retry = setTimeout(() => void this.take(), RETRY_MS);
  }

  release(): void {
    this.isReleased = true;
    clearTimeout(this.retry);
    this.lock.release();
  }
}
