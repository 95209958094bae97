import type { Reader } from './codec';

/**
 * Reads messages that the kernel sends again and again, most of them unchanged and in the same order: the same bytes give
 * the same object (===) as the last time, and are not read at all. So what was concluded from the objects still holds,
 * and where nothing has changed nothing is made that has to be collected.
 */
export class MessageCache<T> {
  private readonly keys: string[] = [];
  private readonly values: T[] = [];
  private count = 0;
  /** By key, once something has moved. */
  private earlier: ReadonlyMap<string, T> | undefined;

  constructor(
    /** Makes of a message something that is never changed. */
    private readonly read: (payload: Reader) => T,
  ) {}

  /** To be called before the kernel sends all of it again. */
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
