import { spawnSync } from 'node:child_process';
import { REPOSITORY } from '../repository';
import type { Tool } from './tools';

/** A finding of a tool. */
interface Finding {
  readonly id: string;
  readonly where: string;
  readonly says: string;
}

/** The result of one tool. */
export interface Report {
  readonly tool: Tool;
  readonly passed: string;
  /** Rules that the tool's own configuration silences. */
  readonly silenced: readonly string[];
  readonly findings: readonly Finding[];
}

/** The output of a program. Linters exit with 1 if they have findings. */
export function output(program: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    cwd: REPOSITORY,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (error !== undefined || status === null) throw new Error(`${program}: ${error?.message ?? stderr}`);
  if (stdout === '' && status > 1) throw new Error(`${program}: ${stderr}`);
  return stdout;
}

export const unique = (all: readonly string[]): string[] => [...new Set(all)].sort();
