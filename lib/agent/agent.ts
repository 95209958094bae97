import type { RouteList, Target } from '../network';
import type { ConfigMapWatch, WatchHandlers, WatchState } from '../program/api/config-map-watch';
import type { ConfigMapState } from '../program/api/watch-event';
import type { Log } from '../program/log';
import { type Destination, destinationsOf } from './decide/destinations';
import { EventFilter, type Watched, watchedOf } from './decide/event-filter';
import type { Ownership } from './decide/ownership';
import type { PodsWay } from './decide/pods';
import type { InstanceLock } from './instance-lock';
import type { Journal } from './journal';
import type { KernelEvent } from './kernel/events';
import type { Change, Snapshot } from './kernel/types';
import type { NextHopMonitor, WatchedNextHop } from './next-hop-monitor';
import { isRepair, PassSchedule, type Trigger } from './pass-schedule';
import type { Attempt } from './reachability';
import type { Outcome, Reconciler } from './reconciler';
import { ChangeLog } from './report/change-log';
import { ListLog } from './report/list-log';
import type { Counters } from './report/status';
import { Rollout } from './rollout';
import { RouteSource } from './route-source';
import type { Settings } from './settings';
import { TAKEOVER_AFTER_MS, type TakeoverHandler } from './takeover';
import { Uninstall, type UninstallParts } from './uninstall';

/** As a backstop for what no event tells. */
const RESYNC_MS = 30_000;
const LOCK_RETRY_MS = 1_000;
/** More events than these are a storm, which needs a pass. */
const MOST_AT_ONCE = 16;
/** A storm makes the kernel drop events again and again. */
const OVERRUN_REST_MS = 1_000;
/** So that two who fight over a route do not do so as fast as they can. */
const ANSWER_REST_MS = 100;

/** Passes for which packets wait: they do not look at the pods' way. */
const IN_HASTE: ReadonlySet<Trigger> = new Set(['kernel event', 'next hop']);

/** Before the first pass, which waits for our lock and a list. */
const NOTHING_FOUND: Pick<Snapshot, 'routes' | 'nexthops'> = { routes: [], nexthops: new Map() };

export interface AgentParts {
  readonly settings: Settings;
  readonly reconciler: Reconciler;
  readonly lock: InstanceLock;
  readonly nextHops: Pick<NextHopMonitor, 'all' | 'follow' | 'stop'>;
  readonly journal: Journal;
  readonly ownObjects: UninstallParts['ownObjects'];
  /** With rolling changes: the list of the pod's own revision, if its file could be read. */
  readonly ownList?: string | undefined;
  /** Opens a fresh connection to what has to stay reachable. */
  readonly attempt: Attempt;
  /** What a change must leave reachable, if it was before, beside what the settings name. @default none */
  readonly resolvers?: readonly Target[];
  /** From 0 to less than 1. */
  readonly random: () => number;
  /** Called when a pass found something else than the one before. */
  readonly onNews: () => void;
  readonly log: Log;
}

/** Keeps the kernel's routes as the last understood list says, from start to stop. */
export class Agent implements WatchHandlers, TakeoverHandler {
  readonly source: RouteSource;
  readonly rollout: Rollout;
  readonly nextHops: AgentParts['nextHops'];
  outcome: Outcome | undefined;
  /** How packets of pods go. */
  pods: PodsWay = { state: 'unknown', reason: 'the first look is under way' };
  /** What the routes have to reach. */
  destinations: readonly Destination[];
  /** What is ours now: as the settings say, and what was taken over since. */
  ownership: Ownership;
  watchState: WatchState = { state: 'connecting' };
  lockHolder: string | undefined;
  passError: string | undefined;

  private readonly changeLog: ChangeLog;
  private readonly listLog: ListLog;
  private readonly tally = { repairs: 0, changes: 0, lastChange: undefined as string | undefined };
  private relevance: EventFilter | undefined;
  /** The list that `outcome` is about, and the routes that concern it. */
  private judgedList: RouteList | undefined;
  private watched: Watched | undefined;
  /** When the next events may be answered at once. */
  private nextAnswer = 0;
  /** When lost events may be told again. */
  private nextOverrunLog = 0;
  private holdsLock = false;
  private leaving = false;
  private readonly uninstall: Uninstall;
  private readonly schedule = new PassSchedule((trigger) => this.pass(trigger));
  private resync: NodeJS.Timeout | undefined;
  private lockRetry: NodeJS.Timeout | undefined;
  private lockError: string | undefined;

  private readonly ownList: string | undefined;
  private readonly settings: Settings;
  private readonly reconciler: Reconciler;
  private readonly lock: InstanceLock;
  private readonly onNews: () => void;
  private readonly log: Log;

  constructor({
    settings,
    reconciler,
    lock,
    nextHops,
    journal,
    ownObjects,
    ownList,
    attempt,
    resolvers = [],
    random,
    onNews,
    log,
  }: AgentParts) {
    this.ownList = ownList;
    this.settings = settings;
    this.reconciler = reconciler;
    this.lock = lock;
    this.nextHops = nextHops;
    this.onNews = onNews;
    this.log = log;
    this.source = new RouteSource(settings.routeRules, () => performance.now());
    this.changeLog = new ChangeLog(log);
    this.listLog = new ListLog(log, `ConfigMap ${settings.namespace}/${settings.configMap}`);
    this.destinations = destinationsOf([], settings.confirm);
    this.ownership = settings.ownership;
    this.rollout = new Rollout({
      ownership: () => this.ownership,
      rules: { ...settings.routeRules, allowDefaultRoute: true }, // what is gone back to may be from before a setting
      isRolling: settings.isRolling,
      targets: [
        { host: settings.apiHost, port: settings.apiPort },
        ...settings.apiServers,
        ...settings.confirm,
        ...resolvers,
      ],
      attempt,
      random,
      spreadMs: settings.trialSpreadMs,
      wouldChange: (list) => this.wouldChange(list),
      journal,
      log,
      request: (trigger) => this.request(trigger),
      onConfirmed: () => {
        if (settings.otherwise === 'unreachable') this.request('confirmed');
      },
    });
    const { source, rollout } = this;
    const { onUninstall } = settings;
    this.uninstall = new Uninstall({ onUninstall, ownObjects, source, rollout, reconciler, log });
  }

  get counters(): Counters {
    const { source, rollout, tally } = this;
    return { listsAccepted: source.accepted, listsRejected: source.rejected, rollbacks: rollout.rollbacks, ...tally };
  }

  start(): void {
    this.resync = setInterval(() => this.request('resync'), RESYNC_MS);
    this.rollout.resume();
    if (this.settings.isRolling) {
      this.source.pin(this.ownList);
      this.takeList("the pod's list");
    }
    void this.takeLock();
  }

  onState(state: WatchState): void {
    const isNews =
      state.state !== this.watchState.state ||
      (state.state === 'failing' && this.watchState.state === 'failing' && state.reason !== this.watchState.reason);
    this.watchState = state;
    if (!isNews) return;
    if (state.state === 'failing') this.log('warn', 'watch.failing', `${state.reason}; the routes stay, trying again`);
    else this.log('info', `watch.${state.state}`, 'the API server answers');
  }

  onConfigMap(configMap: ConfigMapState): void {
    if (!this.source.update(configMap)) return;
    const { state, differs } = this.source;
    const { isRolling } = this.settings;
    if (state.state === 'gone') {
      this.listLog.gone();
      if (!isRolling) this.rollout.withdraw();
      this.uninstall.onGone();
      return;
    }
    if (isRolling) this.listLog.compared(state, differs);
    else this.takeList();
    this.destinations = destinationsOf(this.source.servers, this.settings.confirm);
    this.request('resync'); // servers alone make no other list
  }

  private takeList(name?: string): void {
    const { state, list } = this.source;
    if (state.state === 'rejected') {
      this.listLog.rejected(state.findings, name);
      this.rollout.withdraw();
    } else if (list !== undefined) {
      this.listLog.accepted(list);
      this.changeLog.reportDuplicates(list);
      this.rollout.accept(list, this.source.text);
    }
  }

  onKernelEvents(events: readonly KernelEvent[]): void {
    const { relevance } = this;
    const now = performance.now();
    const ours = relevance === undefined ? events : events.filter((event) => relevance.concerns(event));
    if (ours.length === 0) return;
    if (now >= this.nextOverrunLog && ours.some(({ kind }) => kind === 'overrun')) {
      this.log('warn', 'kernel.overrun', 'kernel events were lost; reading everything anew');
      this.nextOverrunLog = now + OVERRUN_REST_MS;
    }
    if (ours.length <= MOST_AT_ONCE && now >= this.nextAnswer) this.answer(ours);
    this.request('kernel event');
  }

  /** Whether it helped, or was wrong, the pass that follows finds out. */
  private answer(events: readonly KernelEvent[]): void {
    const { inForce } = this.rollout;
    if (inForce === undefined || inForce !== this.judgedList || this.leaving) return;
    const started = performance.now();
    try {
      const { done } = this.reconciler.answer(events);
      if (done.length > 0) this.nextAnswer = performance.now() + ANSWER_REST_MS;
      this.changeLog.reportDone(done, 'kernel event', performance.now() - started);
      this.tallyDone(done, 'kernel event');
    } catch (error) {
      this.log('debug', 'answer.failed', `left to the next pass: ${(error as Error).message}`);
    }
  }

  onNextHops(changed: readonly WatchedNextHop[]): void {
    this.changeLog.reportNextHops(changed);
    if (changed.some(({ isAlone }) => !isAlone)) this.request('next hop');
  }

  isReadyFor(protocol: number): boolean {
    const { routes, nexthops } = this.outcome?.snapshot ?? NOTHING_FOUND;
    const hasIt = (object: { readonly protocol: number }) => object.protocol === protocol;
    const isAny = routes.some(hasIt) || [...nexthops.values()].some(hasIt);
    // A list that is not in force says nothing about what is to be kept.
    const isInForce = this.rollout.state.state === 'settled' && this.rollout.inForce === this.source.list;
    return isAny && isInForce && !this.leaving && this.source.state.state === 'accepted';
  }

  takeOver(protocol: number): void {
    const { routes } = this.outcome?.snapshot ?? NOTHING_FOUND;
    const taken = routes.filter((route) => route.protocol === protocol).length;
    this.log(
      'info',
      'routes.taken-over',
      `the agent of protocol ${protocol} has been silent on this node for ${TAKEOVER_AFTER_MS / 1000} s: ${taken} routes taken over`,
      { protocol, routes: taken },
    );
    this.ownership = { ...this.ownership, former: new Set([...this.ownership.former, protocol]) };
    this.request('takeover');
  }

  /** What becomes of the routes: {@link Uninstall}. */
  async leave(watch: ConfigMapWatch): Promise<void> {
    this.leaving = true;
    this.nextHops.stop();
    clearInterval(this.resync);
    clearTimeout(this.lockRetry);
    this.schedule.stop();
    await this.uninstall.leave(watch, this.holdsLock);
    this.rollout.stop();
    this.lock.release();
  }

  private async takeLock(): Promise<void> {
    try {
      const holder = await this.lock.acquire();
      if (this.leaving) return this.lock.release();
      this.lockError = undefined;
      if (holder === undefined) {
        if (this.lockHolder !== undefined) this.log('info', 'lock.taken', 'the other agent is gone; this one goes on');
        this.lockHolder = undefined;
        this.holdsLock = true;
        return this.request('start');
      }
      if (holder !== this.lockHolder)
        this.log(
          'warn',
          'lock.held',
          `route protocol ${this.settings.ownership.protocol} is in use by ${holder}; this agent changes nothing until that ends`,
        );
      this.lockHolder = holder;
    } catch (error) {
      const { message } = error as Error;
      if (message !== this.lockError) this.log('error', 'lock.failed', message);
      this.lockError = message;
    }
    if (this.leaving) return;
    this.lockRetry = setTimeout(() => void this.takeLock(), LOCK_RETRY_MS);
  }

  private request(trigger: Trigger): void {
    if (this.holdsLock && !this.leaving && this.rollout.inForce !== undefined) this.schedule.request(trigger);
  }

  /** A kernel that cannot be read now is taken for one that would change. */
  private wouldChange(list: RouteList): boolean {
    try {
      return this.reconciler.preview(list).length > 0;
    } catch {
      return true;
    }
  }

  /** @returns whether all that was to be done is done. */
  private pass(trigger: Trigger): boolean {
    const { inForce } = this.rollout;
    if (inForce === undefined || this.leaving) return true;
    const started = performance.now();
    try {
      const outcome = this.reconciler.run(inForce, (snapshot) => this.rollout.beforeChanges(snapshot), {
        isConfirmed: this.rollout.isConfirmed,
        restored: this.rollout.restoredWith(inForce),
      });
      if (this.passError !== undefined) this.log('info', 'pass.recovered', 'the kernel can be read again');
      this.passError = undefined;
      if (!IN_HASTE.has(trigger)) this.pods = this.reconciler.lookAtPods();
      this.note(outcome, inForce, trigger, performance.now() - started);
      this.rollout.afterPass(outcome);
      return outcome.failed.length === 0;
    } catch (error) {
      const message = `this node's routes could not be read: ${(error as Error).message}`;
      if (message !== this.passError) this.log('error', 'pass.failed', message);
      this.passError = message;
      return false;
    }
  }

  private note(outcome: Outcome, list: RouteList, trigger: Trigger, milliseconds: number): void {
    // The same verdicts are those of the same findings.
    if (outcome.verdicts !== this.outcome?.verdicts) {
      const { privateNetworks, otherwise } = this.settings;
      if (list !== this.judgedList || this.watched === undefined)
        this.watched = watchedOf(list, privateNetworks, otherwise);
      this.judgedList = list;
      this.relevance = new EventFilter(this.watched, this.ownership, outcome);
      this.onNews();
    }
    this.outcome = outcome;
    this.nextHops.follow(outcome.nextHops);
    this.changeLog.report(outcome, trigger, milliseconds);
    this.tallyDone(outcome.done, trigger);
  }

  private tallyDone(done: readonly Change[], trigger: Trigger): void {
    if (done.length === 0) return;
    this.tally.changes += done.length;
    this.tally.lastChange = new Date().toISOString();
    if (isRepair(trigger)) this.tally.repairs += done.length;
  }
}
