import { type Finding, findingLines, InputError, type ProbedService, parseHealthList, serviceKey } from '../network';
import type { WatchHandlers, WatchState } from '../program/api/config-map-watch';
import type { Objects } from '../program/api/objects';
import type { ConfigMapState } from '../program/api/watch-event';
import type { Log } from '../program/log';
import { ChangeReport } from './change-report';
import { opinionNotes } from './decide/opinion';
import { EventRecorder } from './event-recorder';
import type { Clock } from './lease-keeper';
import { type Ask, Prober } from './prober';
import { type Changes, Roster } from './roster';
import { SliceWriter } from './slice-writer';
import { Turns } from './turns';
import { WorkQueue } from './work-queue';

/** The state of the ConfigMap's list. */
export type ListState =
  | { readonly state: 'unknown' | 'gone' }
  | { readonly state: 'accepted'; readonly services: number }
  | { readonly state: 'rejected'; readonly findings: readonly Finding[] };

export interface ControllerOptions {
  readonly namespace: string;
  readonly lease: string;
  readonly standbyLease: string;
  /** Identifies this process; differs from all others, including earlier ones in the same pod. */
  readonly me: string;
  readonly podName: string;
}

export interface ControllerParts {
  readonly objects: Objects;
  readonly ask: Ask;
  readonly clock: Clock;
  readonly log: Log;
}

/** How often the leases are renewed and read; a replica that waits for the other one's opinion reads more often. */
const TURN_MS = 2_000;
const DOUBTFUL_TURN_MS = 300;
const TICK_MS = 200;
/** How often every slice is read again at least, but never more than two per second. */
const VERIFY_MS = 10_000;
const MOST_FINDINGS_LOGGED = 5;

/** The health program: probes the servers and, while it is the leader, writes the results to EndpointSlices. */
export class Controller implements WatchHandlers {
  readonly roster: Roster;
  readonly turns: Turns;
  readonly writer: SliceWriter;
  readonly queue: WorkQueue;
  list: ListState = { state: 'unknown' };
  watchState: WatchState = { state: 'connecting' };
  /** Why the last request to the API server failed; undefined if it succeeded. */
  turnError: string | undefined;
  private readonly prober: Prober;
  private readonly report: ChangeReport;
  private readonly toVerify = new Set<string>();
  /** Services whose slices this leader has not yet written since its term or the present list began. */
  private readonly unwritten = new Set<string>();
  private ledAs: string | undefined;
  private lastTurn = Number.NEGATIVE_INFINITY;
  private lastVerified = 0;
  private verified = 0;
  private published = '';
  private isTurning = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly options: ControllerOptions,
    private readonly parts: ControllerParts,
  ) {
    const { objects, clock, log, ask } = parts;
    const now = () => clock.now();
    this.roster = new Roster(now);
    this.turns = new Turns(objects, options, options.me, clock);
    this.writer = new SliceWriter(objects, {
      term: () => this.term,
      service: (key) => this.roster.get(key)?.service,
      adopt: (key, standing) => this.take(key, this.roster.adopt(key, standing)),
      ready: (key) => this.roster.get(key)?.selection.ready ?? new Set(),
    });
    this.queue = new WorkQueue(
      (key) => this.write(key),
      (key, { message }) => log('warn', 'slice.failed', `${key}: ${message}; retrying`),
    );
    const reporter = { component: 'onprem-link-health', instance: options.podName };
    const events = new EventRecorder(objects, reporter, clock, ({ message }) =>
      log('warn', 'event.failed', `an event could not be written: ${message}`),
    );
    this.report = new ChangeReport(log, events);
    this.prober = new Prober(options.podName, ask, (key, address, probed) =>
      this.take(key, this.roster.onResult(key, address, probed)),
    );
  }

  /** Identifies the leader and its term; undefined if this replica is not the leader at this moment. */
  get term(): string | undefined {
    const { term } = this.turns;
    return term === undefined ? undefined : `${term.transitions}/${this.options.me}`;
  }

  /** Whether this replica does its job: it leads and everything is written, or it knows the leader. */
  get isReady(): boolean {
    if (this.list.state !== 'accepted') return false;
    if (this.term === undefined) return this.turns.leader.holder !== undefined;
    return this.ledAs === this.term && this.unwritten.size === 0 && !this.queue.isFailing;
  }

  start(): void {
    this.timer = setInterval(() => void this.tick(), TICK_MS);
    void this.tick();
  }

  /** Releases the leases; the slices stay unchanged. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    this.prober.stop();
    this.queue.stop();
    await this.turns.end();
  }

  onState(state: WatchState): void {
    const isNews = state.state !== this.watchState.state;
    this.watchState = state;
    if (!isNews) return;
    if (state.state === 'failing') this.parts.log('warn', 'watch.failing', `${state.reason}; retrying`);
    else this.parts.log('info', `watch.${state.state}`, 'the API server answers');
  }

  /** A deleted or invalid list changes nothing: the program keeps probing the servers of the last valid one. */
  onConfigMap(configMap: ConfigMapState): void {
    const { log } = this.parts;
    if (configMap.kind === 'gone') {
      if (this.list.state !== 'gone')
        log('warn', 'list.gone', 'the ConfigMap is gone; EndpointSlices stay as they are');
      this.list = { state: 'gone' };
      return;
    }
    try {
      this.takeList(parseHealthList(configMap.data));
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      this.list = { state: 'rejected', findings: error.findings };
      log('error', 'list.rejected', 'the list is not valid; the previous one stays', {
        findings: findingLines(error.findings, MOST_FINDINGS_LOGGED),
      });
    }
  }

  private takeList(services: readonly ProbedService[]): void {
    this.list = { state: 'accepted', services: services.length };
    const changed = this.roster.setList(services);
    this.prober.setList(this.roster.all.map(({ service }) => service));
    for (const key of changed) this.writeAnew(key);
    const servers = services.reduce((sum, service) => sum + service.servers.size, 0);
    if (changed.length > 0)
      this.parts.log('info', 'list.accepted', `${services.length} services with ${servers} servers`, {
        changed: changed.length,
      });
  }

  private take(key: string, changes: Changes): void {
    if (changes.servers.length === 0 && changes.mode === undefined) return;
    const watched = this.roster.get(key);
    if (watched === undefined) return;
    this.report.changed(watched, changes, this.term !== undefined);
    this.queue.add(key);
  }

  private async write(key: string): Promise<void> {
    if (this.toVerify.delete(key)) await this.writer.verify(key);
    else await this.writer.sync(key);
    this.unwritten.delete(key);
  }

  private async tick(): Promise<void> {
    if (this.isTurning) return;
    this.isTurning = true;
    const notes = JSON.stringify(opinionNotes(this.roster.opinion));
    if (this.isDue(notes)) await this.turn(notes);
    this.isTurning = false;
    this.report.everything(this.roster.isEverythingDown);
    if (this.term !== undefined) this.verifyNext();
  }

  private isDue(notes: string): boolean {
    const waited = this.parts.clock.now() - this.lastTurn;
    const isUrgent = notes !== this.published || (this.roster.isDoubting && waited >= DOUBTFUL_TURN_MS);
    return waited >= TURN_MS || (isUrgent && this.turnError === undefined);
  }

  private async turn(notes: string): Promise<void> {
    this.lastTurn = this.parts.clock.now();
    try {
      await this.turns.take(this.roster.opinion);
      this.published = notes;
      if (this.turnError !== undefined) this.parts.log('info', 'lease.answered', 'the API server answers again');
      this.turnError = undefined;
    } catch (error) {
      const { message } = error as Error;
      if (this.turnError === undefined) this.parts.log('warn', 'lease.failed', `${message}; retrying`);
      this.turnError = message;
    }
    this.roster.other = this.turns.other;
    this.noteTerm();
    for (const [key, changes] of this.roster.judgeSuspects()) this.take(key, changes);
  }

  /** A new leader reads every slice. */
  private noteTerm(): void {
    const { term } = this;
    if (term === this.ledAs) return;
    const { log } = this.parts;
    if (term === undefined) log('info', 'lease.lost', `this replica is no longer the leader`);
    else log('info', 'lease.taken', `this replica is the leader`, { term });
    this.ledAs = term;
    if (term !== undefined) for (const { service } of this.roster.all) this.writeAnew(serviceKey(service));
  }

  private writeAnew(key: string): void {
    this.unwritten.add(key);
    this.queue.add(key);
  }

  private verifyNext(): void {
    const all = this.roster.all;
    const now = this.parts.clock.now();
    if (all.length === 0 || now - this.lastVerified < VERIFY_MS / all.length) return;
    this.lastVerified = now;
    const { service } = all[this.verified++ % all.length] as (typeof all)[number];
    this.toVerify.add(serviceKey(service));
    this.queue.add(serviceKey(service));
  }
}
