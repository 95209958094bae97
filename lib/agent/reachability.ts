import net = require('node:net');

import type { Target } from '../network';
import { pause } from './pause';

/** How one connection went: `refused` says that somebody answered, as a server does that restarts. */
export type Answer = 'connected' | 'refused' | 'none';

/** Opens a fresh connection to a target. */
export type Attempt = (target: Target) => Promise<Answer>;

/** A target that was not reached, and how its last try went. */
export interface Lost {
  readonly target: Target;
  readonly answer: Answer;
}

/** A first packet that is lost is sent again after 1 s. */
const CONNECT_MS = 2_000;
const BETWEEN_TRIES_MS = 250;

/** By TCP; closed again at once. */
export const tryToConnect: Attempt = ({ host, port }) => {
  return new Promise((resolve) => {
    const socket = net.connect({ host, port, timeout: CONNECT_MS });
    const end = (answer: Answer) => {
      socket.destroy();
      resolve(answer);
    };
    socket.on('connect', () => end('connected'));
    socket.on('timeout', () => end('none'));
    socket.on('error', ({ code }: NodeJS.ErrnoException) => end(code === 'ECONNREFUSED' ? 'refused' : 'none'));
  });
};

/**
 * Tries each target until it is reached, or the time is over.
 * @param milliseconds at least one try is made, however few they are.
 * @param signal ends it from outside, by its reason.
 * @returns those that were not reached.
 */
export async function unreached(
  targets: readonly Target[],
  milliseconds: number,
  signal: AbortSignal,
  attempt: Attempt,
): Promise<Lost[]> {
  const until = performance.now() + milliseconds;
  const all = await Promise.all(
    targets.map(async (target): Promise<Lost> => {
      for (;;) {
        const answer = await attempt(target);
        signal.throwIfAborted();
        if (answer === 'connected' || performance.now() >= until) return { target, answer };
        await pause(BETWEEN_TRIES_MS, signal);
      }
    }),
  );
  return all.filter(({ answer }) => answer !== 'connected');
}
