import { type Target, targetText } from '../network';
import { onBeat } from '../program/beat';
import type { Ownership } from './decide/ownership';
import {
  bestHealth,
  firstPathHealth,
  isAnswering,
  MOST_MISSES,
  nextPathHealth,
  type PathHealth,
} from './decide/path-health';
import type { Path } from './decide/paths';
import { hopName, leadsBy, type ProbeWay, placePaths } from './decide/probe-ways';
import type { ReachOf } from './decide/reach';
import type { Kernel } from './kernel/kernel';
import { PORTS_PER_HOP } from './kernel/probe-objects';
import type { Hop } from './kernel/types';
import type { Probe, ProbeAnswer } from './path-probe';
import { ProbeTables } from './probe-tables';
import { type RoundTrips, roundTrips } from './round-trips';

const TIMEOUT_MS = 2_000;
/** A probe must end before the next one begins. */
const REST_MS = 100;
const RESTORE_REST_MS = 5_000;

/** A path with its state. */
export interface WatchedPath extends Path {
  readonly health: PathHealth;
  /** Why the last probe is not conclusive, if so: its packets did not take this path. */
  readonly trouble: string | undefined;
  readonly roundTrips: RoundTrips;
}

export type NetworkState = 'reachable' | 'unreachable' | 'unknown';

export interface WatchedNetwork {
  readonly name: string;
  readonly state: NetworkState;
  /** Milliseconds of a steady clock. */
  readonly since: number;
  readonly paths: readonly WatchedPath[];
}

interface Watched extends WatchedPath {
  health: PathHealth;
  trouble: string | undefined;
  way: ProbeWay;
  turn: number;
  stop: () => void;
}

export interface PathMonitorParts {
  readonly kernel: Pick<Kernel, 'lookup' | 'apply' | 'applyProbes' | 'readProbeObjects'>;
  readonly probe: Probe;
  readonly ownership: Ownership;
  /** Seed of the phases, so that nodes probe at different times. */
  readonly nodeName: string;
  readonly everyMs: number;
  /** Whether a next hop is known not to answer as a neighbour. */
  readonly isSilent: (hop: Hop) => boolean;
  /** Milliseconds of a steady clock. */
  readonly now: () => number;
}

/** Probes each target through each next hop, with rules and tables that apply only to probe packets. */
export class PathMonitor {
  /** Called with a path whose state has changed. */
  onChange: (changed: WatchedPath) => void = () => undefined;
  /** Called when the state of a network changes. */
  onNetwork: (network: WatchedNetwork) => void = () => undefined;
  /** How often what is known about a path changed. */
  changes = 0;

  private readonly watched = new Map<string, Watched>();
  private readonly networks = new Map<string, { state: NetworkState; since: number }>();
  private readonly tables: ProbeTables;
  private readonly timeoutMs: number;
  private followed: readonly Path[] | undefined;
  private nextRestore = 0;

  constructor(private readonly parts: PathMonitorParts) {
    this.tables = new ProbeTables(parts.kernel, parts.ownership);
    this.timeoutMs = Math.min(TIMEOUT_MS, parts.everyMs - REST_MS);
  }

  readonly reachOf: ReachOf = (network, hop) => {
    const name = hopName({ hop });
    return bestHealth(this.of(network).flatMap((each) => (hopName(each) === name ? each.health : [])));
  };

  get all(): readonly WatchedNetwork[] {
    return [...this.networks].map(([name, known]) => ({ name, ...known, paths: this.of(name) }));
  }

  /** Probes these from now on. Leftovers of a previous agent are removed, even if there is nothing to probe. */
  follow(paths: readonly Path[]): void {
    if (paths === this.followed) return;
    this.followed = paths;
    const ways = placePaths(paths, this.parts.ownership.protocol);
    this.tables.want(ways);
    const wanted = new Map(ways.map((way) => [keyOf(way.path), way]));
    for (const [key, { stop }] of this.watched) {
      if (wanted.has(key)) continue;
      stop();
      this.watched.delete(key);
      this.changes++;
    }
    for (const [key, way] of wanted) {
      const known = this.watched.get(key);
      if (known !== undefined) known.way = way;
      else this.watched.set(key, this.start(key, way));
    }
    const names = new Set(paths.map(({ network }) => network));
    for (const name of this.networks.keys()) if (!names.has(name)) this.networks.delete(name);
    for (const name of names)
      if (!this.networks.has(name)) this.networks.set(name, { state: 'unknown', since: this.parts.now() });
  }

  /** Also removes rules and tables, which have no use while no agent runs. */
  stop(): void {
    if (this.followed !== undefined) this.follow([]);
  }

  private of(network: string): Watched[] {
    return [...this.watched.values()].filter((each) => each.network === network);
  }

  private start(key: string, way: ProbeWay): Watched {
    const { nodeName, everyMs, now } = this.parts;
    const { path } = way;
    const watched: Watched = {
      ...path,
      health: firstPathHealth(path.start, now()),
      trouble: undefined,
      roundTrips: roundTrips(),
      way,
      turn: 0,
      stop: onBeat(
        `${nodeName}/${key}`,
        everyMs,
        async (isStopped) => {
          const answer = await this.ask(watched);
          if (!isStopped()) this.take(watched, answer);
        },
        now,
      ),
    };
    return watched;
  }

  /** A probe counts only if its packets took the next hop, from before the first until after the last one. */
  private async ask(watched: Watched): Promise<ProbeAnswer> {
    const { rule, path } = watched.way;
    const sourcePort = rule.firstSourcePort + (watched.turn++ % PORTS_PER_HOP);
    const isLed = () => {
      const ports = [sourcePort, rule.port] as const;
      const [answer] = this.parts.kernel.lookup([{ address: rule.target, source: rule.source, ports }]);
      return leadsBy(answer, path.hop);
    };
    try {
      if (!isLed()) this.restore();
      if (!isLed()) return { kind: 'unsent', reason: 'the rule for probes does not lead to this next hop' };
      const answer = await this.parts.probe(path.target, path.source, sourcePort, this.timeoutMs);
      return isLed() ? answer : { kind: 'unsent', reason: 'the rule for probes was removed during the probe' };
    } catch (error) {
      return { kind: 'unsent', reason: (error as Error).message };
    }
  }

  /** Reads all routes, so this must not happen for each probe if a foreign rule comes first. */
  private restore(): void {
    const now = this.parts.now();
    if (now < this.nextRestore) return;
    this.nextRestore = now + RESTORE_REST_MS;
    this.tables.restore();
  }

  private take(watched: Watched, answer: ProbeAnswer): void {
    watched.trouble = answer.kind === 'unsent' ? answer.reason : undefined;
    if (answer.kind !== 'unsent') {
      const before = watched.health;
      const now = this.parts.now();
      watched.health = nextPathHealth(before, answer.kind === 'answered', now, this.doOthersAnswer(watched));
      if (answer.kind === 'answered') watched.roundTrips.add(answer.milliseconds);
      if (watched.health.state !== before.state) {
        this.changes++;
        this.onChange(watched);
      }
    }
    this.judge(watched.network);
  }

  private doOthersAnswer({ network, hop, isAlone }: Watched): boolean {
    if (isAlone) return false;
    const name = hopName({ hop });
    const { isSilent, everyMs, now } = this.parts;
    return this.of(network).some(
      (other) =>
        !other.isAlone && hopName(other) !== name && !isSilent(other.hop) && isAnswering(other.health, now(), everyMs),
    );
  }

  private judge(name: string): void {
    const known = this.networks.get(name);
    const state = this.stateOf(this.of(name)) ?? known?.state;
    if (known === undefined || state === undefined || state === known.state) return;
    const next = { state, since: this.parts.now() };
    this.networks.set(name, next);
    this.onNetwork({ name, ...next, paths: this.of(name) });
  }

  /** @returns undefined while the first misses may be accidental. */
  private stateOf(paths: readonly Watched[]): NetworkState | undefined {
    const { everyMs, now } = this.parts;
    if (paths.some(({ health }) => isAnswering(health, now(), everyMs))) return 'reachable';
    const isCertain = paths.some(({ health }) => health.misses >= MOST_MISSES);
    if (isCertain) return paths.every(({ health }) => health.misses > 0) ? 'unreachable' : undefined;
    return paths.every(({ trouble }) => trouble !== undefined) ? 'unknown' : undefined;
  }
}

const keyOf = ({ network, target, ...path }: Path & { readonly target: Target }): string =>
  `${network}/${targetText(target)}/${hopName(path)}`;
