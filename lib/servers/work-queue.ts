import { Backoff } from '../program/api/backoff';

/**
 * Processes keys, a few at a time and each key at most once at a time. A key that fails is retried after a growing
 * pause (as in the work queues of Kubernetes' controllers).
 */
export class WorkQueue {
  private readonly waiting = new Set<string>();
  private readonly running = new Set<string>();
  private readonly failing = new Map<string, { readonly backoff: Backoff; timer: NodeJS.Timeout | undefined }>();
  private isStopped = false;

  constructor(
    private readonly work: (key: string) => Promise<void>,
    private readonly onFailure: (key: string, error: Error) => void,
    private readonly atOnce = 4,
  ) {}

  /** A key that is being processed is processed once more. */
  add(key: string): void {
    if (this.isStopped) return;
    clearTimeout(this.failing.get(key)?.timer);
    this.waiting.add(key);
    this.next();
  }

  /** Whether any key failed the last time. */
  get isFailing(): boolean {
    return this.failing.size > 0;
  }

  stop(): void {
    this.isStopped = true;
    this.waiting.clear();
    for (const { timer } of this.failing.values()) clearTimeout(timer);
  }

  private next(): void {
    for (const key of this.waiting) {
      if (this.running.size >= this.atOnce) return;
      if (this.running.has(key)) continue;
      this.waiting.delete(key);
      this.running.add(key);
      void this.run(key);
    }
  }

  private async run(key: string): Promise<void> {
    try {
      await this.work(key);
      this.failing.delete(key);
    } catch (error) {
      this.repeat(key, error as Error);
    }
    this.running.delete(key);
    this.next();
  }

  private repeat(key: string, error: Error): void {
    const { backoff } = this.failing.get(key) ?? { backoff: new Backoff() };
    this.onFailure(key, error);
    const timer = setTimeout(() => this.add(key), backoff.next());
    this.failing.set(key, { backoff, timer });
  }
}
