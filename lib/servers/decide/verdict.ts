import { asks, type Health, isFailing, isHeld, marked, type Thresholds } from './health';

/** What else is known when the servers of a Service are judged. */
export interface Surroundings {
  /** When a probe of any server of the site last succeeded; undefined if none has succeeded. */
  readonly lastSuccess: number | undefined;
  /** Whether the other replica also finds a server down, or cannot say. */
  readonly isConfirmed: (address: string) => boolean;
}

/**
 * Why a failing server stays up. `unconfirmed`: the other replica reaches it, so the problem is this pod's own.
 * `everything`: no server of the site has answered since it began to fail, so the problem is on the path to all of
 * them.
 */
export type Doubt = 'unconfirmed' | 'everything';

/** Why a failing server is not marked down; undefined if there is no reason not to. */
export function doubtOf(
  address: string,
  health: Health,
  { lastSuccess, isConfirmed }: Surroundings,
): Doubt | undefined {
  const { firstFailure } = health;
  if (firstFailure !== undefined && (lastSuccess === undefined || lastSuccess <= firstFailure)) return 'everything';
  return isConfirmed(address) ? undefined : 'unconfirmed';
}

/** The servers of one Service with their new marks. Returns the same map if no mark changes. */
export function judge(
  servers: ReadonlyMap<string, Health>,
  thresholds: Thresholds,
  surroundings: Surroundings,
  now: number,
): ReadonlyMap<string, Health> {
  let judged: Map<string, Health> | undefined;
  for (const [address, health] of servers) {
    const mark = asks(health, thresholds, now);
    if (mark === undefined) continue;
    if (mark === 'down' && doubtOf(address, health, surroundings) !== undefined) continue;
    judged ??= new Map(servers);
    judged.set(address, marked(health, mark, now));
  }
  return judged ?? servers;
}

/** Which servers of a Service get new connections. */
export interface Selection {
  readonly ready: ReadonlySet<string>;
  /**
   * `normal`: those that are up. `early`: too few are up, so those that answer again are included before their pause
   * ends. `panic`: still too few, so all are included.
   */
  readonly mode: 'normal' | 'early' | 'panic';
}

/**
 * A Service never loses its last server: if fewer than `panicThreshold` (at least 1) are up, all stay, because the
 * probe is more likely wrong about all of them than a client benefits from having none (as Envoy's panic threshold).
 */
export function select(
  servers: ReadonlyMap<string, Health>,
  thresholds: Thresholds,
  panicThreshold: number,
  now: number,
): Selection {
  const those = (is: (health: Health) => boolean) =>
    new Set([...servers].filter(([, health]) => is(health)).map(([address]) => address));
  const up = those(({ mark }) => mark === 'up');
  if (up.size >= panicThreshold) return { ready: up, mode: 'normal' };
  const answering = those((health) => health.mark === 'up' || isHeld(health, thresholds, now));
  if (answering.size >= panicThreshold) return { ready: answering, mode: 'early' };
  return { ready: new Set(servers.keys()), mode: 'panic' };
}

/** The servers that fail by their own results, whatever their mark. One replica reports them to the other. */
export function failing(servers: ReadonlyMap<string, Health>, thresholds: Thresholds): string[] {
  return [...servers].filter(([, health]) => isFailing(health, thresholds)).map(([address]) => address);
}
