/** After this time without renewal, others take over a lease (measured by their own steady clocks). */
export const LEASE_MS = 10_000;
/**
 * The holder stops acting this much earlier, counted from before it requested the lease, so that everything it has sent
 * arrives before another replica may hold the lease.
 */
const MARGIN_MS = 2_000;

/** What a lease says. */
export interface LeaseRecord {
  /** Empty if no replica holds it. */
  readonly holder: string;
  /** Increases with each new holder. */
  readonly transitions: number;
  readonly version: string;
}

/** A record with the time at which this replica first saw it. Clocks of different machines are never compared. */
export interface LeaseView {
  readonly record: LeaseRecord;
  readonly seen: number;
}

/** The right to act until a given time of the steady clock. */
export interface Term {
  readonly transitions: number;
  readonly until: number;
}

export function viewOf(record: LeaseRecord, before: LeaseView | undefined, now: number): LeaseView {
  return before?.record.version === record.version ? before : { record, seen: now };
}

/** Whether `me` may try to acquire it. */
export function isFree({ record, seen }: LeaseView, me: string, now: number): boolean {
  return record.holder === '' || record.holder === me || now - seen > LEASE_MS;
}

/** Whether a replica holds and renews it. */
export function isAlive({ record, seen }: LeaseView, now: number): boolean {
  return record.holder !== '' && now - seen <= LEASE_MS;
}

/** @param asked when the answered request was sent to the API server */
export function termOf({ transitions }: LeaseRecord, asked: number): Term {
  return { transitions, until: asked + LEASE_MS - MARGIN_MS };
}
