/**
 * The result of one connection. `refused`: it was refused or reset at once, which only a reachable host does, such as a
 * server that restarts. `lost`: no answer in time, or an answer from another server.
 */
export type Answer = 'answered' | 'refused' | 'lost';

/** Time for one connection: TCP repeats what is lost after 1 s. */
export const PATIENCE_MS = 3_000;
/** Who resets a connection later than this has waited for somebody else, as a proxy does for a server that is gone. */
const AT_ONCE_MS = 1_000;

/** What a failed connection says about the way to the target. */
export function answerOf({ code }: NodeJS.ErrnoException, milliseconds: number): Answer {
  return (code === 'ECONNREFUSED' || code === 'ECONNRESET') && milliseconds < AT_ONCE_MS ? 'refused' : 'lost';
}
