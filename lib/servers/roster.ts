import { type ProbedService, serviceKey } from '../network';
import {
  answers,
  asks,
  firstLook,
  type Health,
  isFailing,
  isHeld,
  type Mark,
  observe,
  type Thresholds,
} from './decide/health';
import { agrees, type Opinion, type OtherOpinion } from './decide/opinion';
import { type Doubt, doubtOf, failing, judge, type Selection, select } from './decide/verdict';
import type { Probed } from './probe/probe';

/** One Service with its servers, by address. */
export interface Watched {
  readonly service: ProbedService;
  servers: ReadonlyMap<string, Health>;
  selection: Selection;
  /** When this replica began to probe the Service in its present form. */
  since: number;
  /** Whether a slice exists. If so, an added server must answer before it gets connections. */
  isPublished: boolean;
  readonly counts: Map<string, Counts>;
}

/** Counters of one server since the program started. */
interface Counts {
  transitions: number;
  probes: number;
  /** Connections after a probe's first one, because packets were lost or the server was slow. */
  repeats: number;
}

/** A server whose mark changed. */
export interface Change {
  readonly service: ProbedService;
  readonly address: string;
  readonly mark: Mark;
  readonly health: Health;
}

export interface Changes {
  readonly servers: readonly Change[];
  /** The new mode, if it changed: whether the servers that get connections differ from those that are up. */
  readonly mode: Selection['mode'] | undefined;
}

const NO_CHANGES: Changes = { servers: [], mode: undefined };

/** The servers of all Services: the results of their probes, and what follows from them. */
export class Roster {
  private readonly watched = new Map<string, Watched>();
  private lastSuccess: number | undefined;
  /** The other replica's opinion. */
  other: OtherOpinion = 'unknown';

  constructor(private readonly now: () => number) {}

  get all(): readonly Watched[] {
    return [...this.watched.values()];
  }

  get(key: string): Watched | undefined {
    return this.watched.get(key);
  }

  /** @returns the keys of Services that are new, changed or gone. */
  setList(list: readonly ProbedService[]): string[] {
    const keys = new Set(list.map(serviceKey));
    const gone = [...this.watched.keys()].filter((key) => !keys.has(key));
    for (const key of gone) this.watched.delete(key);
    const changed = list.flatMap((service) => {
      const key = serviceKey(service);
      const before = this.watched.get(key);
      if (before !== undefined && JSON.stringify(plain(before.service)) === JSON.stringify(plain(service))) return [];
      this.watched.set(key, this.watch(service, before));
      return [key];
    });
    return [...gone, ...changed];
  }

  private watch(service: ProbedService, before: Watched | undefined): Watched {
    const now = this.now();
    const isPublished = before?.isPublished ?? false;
    const fresh = () => firstLook(isPublished ? 'down' : 'up', now, isPublished);
    const addresses = [...service.servers.keys()];
    const servers = new Map(addresses.map((address) => [address, before?.servers.get(address) ?? fresh()]));
    const isSame = addresses.every((address) => before?.servers.has(address));
    return {
      service,
      servers,
      selection: select(servers, service, service.panicThreshold, now),
      since: isSame && before !== undefined ? before.since : now,
      isPublished,
      counts: new Map(addresses.map((a) => [a, before?.counts.get(a) ?? { transitions: 0, probes: 0, repeats: 0 }])),
    };
  }

  /** A new leader continues from the current slices, so that a restart changes nothing. */
  adopt(key: string, standing: ReadonlyMap<string, boolean> | undefined): Changes {
    const watched = this.watched.get(key);
    if (watched === undefined) return NO_CHANGES;
    watched.isPublished = true;
    if (standing === undefined) return NO_CHANGES;
    const now = this.now();
    const { service, servers } = watched;
    watched.servers = new Map(
      [...servers].map(([address, health]) => [address, adopted(health, service, standing.get(address), now)]),
    );
    const { mode } = this.judge(watched);
    // Changes that this replica found while the other one led are reported now.
    const changed = [...watched.servers].filter(([address, { mark }]) => {
      return standing.has(address) && (mark === 'up') !== standing.get(address);
    });
    return { servers: changed.map(([address, health]) => ({ service, address, mark: health.mark, health })), mode };
  }

  onResult(key: string, address: string, { result, attempts }: Probed): Changes {
    const watched = this.watched.get(key);
    const health = watched?.servers.get(address);
    if (watched === undefined || health === undefined) return NO_CHANGES;
    const now = this.now();
    if (result.ok) this.lastSuccess = now;
    const othersAnswer =
      result.ok || (this.lastSuccess !== undefined && now - this.lastSuccess <= this.roundFor(watched));
    const counts = watched.counts.get(address) as Counts;
    counts.probes++;
    counts.repeats += attempts - 1;
    const observed = observe(health, result, now, othersAnswer);
    (watched.servers as Map<string, Health>).set(address, observed);
    const isQuiet = asks(observed, watched.service, now) === undefined && watched.selection.mode === 'normal';
    return isQuiet ? NO_CHANGES : this.judge(watched);
  }

  /**
   * The time within which another server must have answered if the path to all of them works: a round of the Service
   * itself, or of the fastest other Service if that is longer, because the Service's own servers may all be down.
   */
  private roundFor({ service }: Watched): number {
    const others = this.all.flatMap((other) => (other.service === service ? [] : roundOf(other.service)));
    return Math.max(roundOf(service), Math.min(...(others.length === 0 ? [0] : others)));
  }

  /** Judges again the servers that waited for the other replica's opinion. @returns what changed, by Service */
  judgeSuspects(): ReadonlyMap<string, Changes> {
    const suspicious = [...this.watched].filter(([, watched]) => this.suspects(watched).length > 0);
    return new Map(suspicious.map(([key, watched]) => [key, this.judge(watched)]));
  }

  private judge(watched: Watched): Changes {
    const { service, servers } = watched;
    const key = serviceKey(service);
    const now = this.now();
    const isConfirmed = (address: string) => agrees(this.other, key, address);
    const judged = judge(servers, service, { lastSuccess: this.lastSuccess, isConfirmed }, now);
    const changed = [...judged].filter(([address, { mark }]) => servers.get(address)?.mark !== mark);
    watched.servers = judged;
    const before = watched.selection.mode;
    watched.selection = select(judged, service, service.panicThreshold, now);
    const { mode } = watched.selection;
    for (const [address] of changed) (watched.counts.get(address) as Counts).transitions++;
    return {
      servers: changed.map(([address, health]) => ({ service, address, mark: health.mark, health })),
      mode: mode === before ? undefined : mode,
    };
  }

  /** Servers that fail but are not marked down, with the reason. */
  private suspects({ service, servers }: Watched): [address: string, doubt: Doubt][] {
    const isConfirmed = (address: string) => agrees(this.other, serviceKey(service), address);
    const surroundings = { lastSuccess: this.lastSuccess, isConfirmed };
    return [...servers].flatMap(([address, health]): [string, Doubt][] => {
      if (health.mark === 'down' || !isFailing(health, service)) return [];
      return [[address, doubtOf(address, health, surroundings) ?? 'unconfirmed']];
    });
  }

  /** Whether there is a failing server that only the other replica still reaches. */
  get isDoubting(): boolean {
    return this.all.some((watched) => this.suspects(watched).length > 0);
  }

  /** Whether servers are probed and none of them answers, so that none is marked down. */
  get isEverythingDown(): boolean {
    const all = this.all;
    if (all.length === 0) return false;
    const round = Math.max(...all.map(({ service }) => roundOf(service)));
    const from = Math.max(this.lastSuccess ?? 0, Math.min(...all.map(({ since }) => since)));
    return this.now() - from > round;
  }

  /** What this replica reports to the other. */
  get opinion(): Opinion {
    const now = this.now();
    const down = this.all.flatMap(({ service, servers }) =>
      failing(servers, service).map((address) => `${serviceKey(service)}/${address}`),
    );
    const unsure = this.all.filter(({ service, since }) => {
      return now - since < service.downAfter * service.everyMs + service.timeoutMs;
    });
    return { down: new Set(down), unsure: new Set(unsure.map(({ service }) => serviceKey(service))) };
  }

  /** For people: one word and, if it is not up, the reason. */
  stateOf({ service }: Watched, health: Health): { state: string; reason: string | undefined } {
    const { reason } = health;
    if (isHeld(health, service, this.now()))
      return { state: 'held', reason: `answers again; it went down ${health.flaps} times` };
    if (health.mark === 'up')
      return health.failures > 0 ? { state: 'failing', reason } : { state: 'up', reason: undefined };
    return answers(health, service) ? { state: 'held', reason } : { state: 'down', reason };
  }
}

const roundOf = ({ everyMs, timeoutMs }: ProbedService): number => everyMs + timeoutMs;

/** @param ready whether it gets new connections now; undefined if the slice does not contain it */
function adopted(health: Health, thresholds: Thresholds, ready: boolean | undefined, now: number): Health {
  if (ready === undefined) return { ...health, mark: 'down', isNew: true, reason: health.reason ?? 'not probed yet' };
  const mark = ready ? 'up' : 'down';
  const isKnownBetter = health.mark === 'down' && isFailing(health, thresholds);
  return mark === health.mark || isKnownBetter ? health : { ...health, mark, since: now };
}

const plain = (service: ProbedService) => ({ ...service, servers: [...service.servers] });
