import type { Findings } from '../../network';
import type { FreeRanges } from './free-ranges';

/** The order in which a site is checked, whatever the order of construction. */
const PHASES = ['networks', 'mappings', 'provider', 'routes', 'services', 'vpn'] as const;
export type Phase = (typeof PHASES)[number];

/** State that the checks of one run share. */
export interface CheckRun {
  readonly findings: Findings;
  /** Proposes each range only once, so that a user can follow all proposals together. */
  readonly free: FreeRanges;
}

export type Check = (run: CheckRun) => void;

/** A check that can run only once a site is complete. */
export class Checks {
  private readonly phases = new Map(PHASES.map((phase) => [phase, new Map<string, Check>()]));

  /**
   * @param key of several checks with the same key, only the first is kept, because it covers all constructs of its
   * kind.
   */
  add(phase: Phase, key: string, check: Check): void {
    const checks = this.phases.get(phase) as Map<string, Check>;
    if (!checks.has(key)) checks.set(key, check);
  }

  run(run: CheckRun): void {
    for (const checks of this.phases.values()) for (const check of checks.values()) check(run);
  }
}
