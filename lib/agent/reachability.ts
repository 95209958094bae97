import net = require('node:net');

import { type Target, targetText } from '../network';
import { type Answer, answerOf, PATIENCE_MS } from '../program/connection';
import { pause } from '../program/pause';
import { NONE, sum, type Tally } from './decide/losses';

/** Opens a new connection to a target. */
export type Attempt = (target: Target) => Promise<Answer>;

/** The results of connections to each target. */
export type Tallies = ReadonlyMap<Target, Tally>;

/** How many connections to make to each target, at random times within how many milliseconds. */
export interface Look {
  readonly connections: number;
  readonly windowMs: number;
}

/** Opens a TCP connection and closes it again. */
export const tryToConnect: Attempt = ({ host, port }) => {
  const started = performance.now();
  return new Promise((resolve) => {
    const socket = net.connect({ host, port, timeout: PATIENCE_MS });
    const end = (answer: Answer) => {
      socket.destroy();
      resolve(answer);
    };
    socket.on('connect', () => end('answered'));
    socket.on('timeout', () => end('lost'));
    socket.on('error', (error) => end(answerOf(error, performance.now() - started)));
  });
};

/**
 * Opens connections to each target at random times: if several servers are behind one address, each connection reaches
 * a random one.
 * @param signal aborts it with its reason.
 */
export async function lookAt(
  targets: readonly Target[],
  { connections, windowMs }: Look,
  attempt: Attempt,
  signal: AbortSignal,
  random: () => number,
): Promise<Tallies> {
  const tries = targets.flatMap((target) =>
    Array.from({ length: connections }, () => ({ target, at: random() * windowMs })),
  );
  const started = performance.now();
  const answers: Promise<{ target: Target; answer: Answer }>[] = [];
  for (const { target, at } of tries.sort((one, other) => one.at - other.at)) {
    const early = started + at - performance.now();
    if (early > 0) await pause(early, signal);
    answers.push(attempt(target).then((answer) => ({ target, answer })));
  }
  const found = new Map<Target, Tally>(targets.map((target) => [target, NONE]));
  for (const { target, answer } of await Promise.all(answers))
    found.set(target, sum(found.get(target) ?? NONE, { ...NONE, [answer]: 1 }));
  signal.throwIfAborted();
  return found;
}

export function namesOf(targets: readonly Target[]): string {
  return targets.map(targetText).join(' and ');
}
