import { spawnSync } from 'node:child_process';
import { REPOSITORY } from '../repository';
import { now } from './listen';
import { spread } from './table';

export const ROUNDS = 5;

/** Milliseconds from the start of a program to its end. @throws with its error output if it fails */
export function time(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  cwd = REPOSITORY,
): number {
  const started = now();
  const done = spawnSync(command, args, {
    cwd,
    env: { ...process.env, ...env },
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  if (done.status !== 0) throw new Error(`${command} ${args.join(' ')}: ${done.error?.message ?? done.stderr}`);
  return now() - started;
}

/** p50, p99 and the number of rounds, as cells. */
export function rounds(measure: () => number): string[] {
  return spread(Array.from({ length: ROUNDS }, measure));
}

/** Milliseconds of CPU time that a program takes, which other programs on the machine hardly change. */
export function cpuTime(command: string, args: readonly string[], cwd: string): number {
  const script = 'TIMEFORMAT="%U %S"; time "$@" >/dev/null';
  const done = spawnSync('bash', ['-c', script, 'bash', command, ...args], { cwd, encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`${command} ${args.join(' ')}: ${done.stderr}`);
  const [user = '', system = ''] = (done.stderr.trim().split('\n').at(-1) ?? '').split(' ');
  return 1000 * (Number(user) + Number(system));
}
