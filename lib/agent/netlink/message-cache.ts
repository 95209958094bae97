import type { Reader } from './codec';

/**
 * Reads messages that the kernel sends repeatedly, most of them unchanged and in the same order. The same bytes return
 * the same object (===) as last time without being parsed. Conclusions from these objects therefore still hold, and no
 * garbage is created if nothing changed.
 */
export class MessageCache<T> {
  private readonly keys: string[] = [];
  private readonly values: T[] = [];
  private count = 0;
  /** By key, used once the order has changed. */
  private earlier: ReadonlyMap<string, T> | undefined;

  constructor(
    /** Parses a message into an immutable object. */
    private readonly read: (payload: Reader) => T,
  ) {}

  /** Call this before the kernel sends everything again. */
  start(): void {
    this.keys.length = this.count;
    this.values.length = this.count;
    this.count = 0;
    this.earlier = undefined;
  }

  get(payload: Reader, ignored?: Reader): T {
    const place = this.count++;
    if (!payload.hasKey(this.keys[place], ignored)) {
      this.earlier ??= new Map(this.keys.map((key, i) => [key, this.values[i] as T]));
      const key = payload.key(ignored);
      this.values[place] = this.earlier.get(key) ?? this.read(payload);
      this.keys[place] = key;
    }
    return this.values[place] as T;
  }
}
