/** Others take a lease over that nobody renewed for so long (as seen by their own steady clocks). */
export const LEASE_MS = 10_000;
/**
 * The holder stops to act so much earlier, counted from before it asked for the lease: what it has sent by then has
 * arrived before somebody else may hold the lease.
 */
const MARGIN_MS = 2_000;

/** What a lease says. */
export interface LeaseRecord {
  /** Empty if nobody holds it. */
  readonly holder: string;
  /** Grows with each new holder. */
  readonly transitions: number;
  readonly version: string;
}

/** A record with the time at which this replica saw it first. Times of other machines are never compared. */
export interface LeaseView {
  readonly record: LeaseRecord;
  readonly seen: number;
}

/** The right to act until a time of the steady clock. */
export interface Term {
  readonly transitions: number;
  readonly until: number;
}

export function viewOf(record: LeaseRecord, before: LeaseView | undefined, now: number): LeaseView {
  return before?.record.version === record.version ? before : { record, seen: now };
}

/** Whether `me` may try to take it. */
export function isFree({ record, seen }: LeaseView, me: string, now: number): boolean {
  return record.holder === '' || record.holder === me || now - seen > LEASE_MS;
}

/** Whether somebody holds it and renews it. */
export function isAlive({ record, seen }: LeaseView, now: number): boolean {
  return record.holder !== '' && now - seen <= LEASE_MS;
}

/** @param asked when the request was sent that the API server has answered */
export function termOf({ transitions }: LeaseRecord, asked: number): Term {
  return { transitions, until: asked + LEASE_MS - MARGIN_MS };
}
