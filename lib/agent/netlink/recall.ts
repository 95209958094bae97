import type { Reader } from './codec';

/**
 * Reads messages that the kernel tells again and again, most of them unchanged: the same bytes give the same object
 * (===) as the last time, and are not read at all. So what was concluded from the objects still holds.
 */
export class Recall<T> {
  private known = new Map<string, T>();
  private before = this.known;
  private told = 0;

  constructor(
    /** Makes of a message something that is never changed. */
    private readonly read: (payload: Reader) => T,
  ) {}

  /** To be called before the kernel tells all of it anew. */
  begin(): void {
    this.before = this.known;
    if (this.known.size > 2 * this.told) this.known = new Map(); // most of it is not told any more
    this.told = 0;
  }

  of(payload: Reader): T {
    this.told++;
    const bytes = payload.key();
    const value = this.known.get(bytes) ?? this.before.get(bytes) ?? this.read(payload);
    this.known.set(bytes, value);
    return value;
  }
}
