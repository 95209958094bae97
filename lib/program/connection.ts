/**
 * The result of one connection attempt. `refused`: refused or reset at once, which only a reachable host does, for
 * example while a server restarts. `lost`: no answer in time, or an answer from another server.
 */
export type Answer = 'answered' | 'refused' | 'lost';

/** The timeout of one attempt: TCP retransmits a lost SYN after 1 s. */
export const PATIENCE_MS = 3_000;
/**
 * A peer that resets a connection later than this has waited for another host, as a proxy does whose backend is gone.
 */
const AT_ONCE_MS = 1_000;

/** What a failed connection reveals about the path to the target. */
export function answerOf({ code }: NodeJS.ErrnoException, milliseconds: number): Answer {
  return (code === 'ECONNREFUSED' || code === 'ECONNRESET') && milliseconds < AT_ONCE_MS ? 'refused' : 'lost';
}
