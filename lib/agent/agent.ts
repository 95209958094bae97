import util = require('node:util');

import type { RouteList, Target } from '../network';
import type { ConfigMapWatch, WatchHandlers, WatchState } from '../program/api/config-map-watch';
import type { ConfigMapState } from '../program/api/watch-event';
import type { Log } from '../program/log';
import { type Destination, destinationsOf } from './decide/destinations';
import type { Ownership } from './decide/ownership';
import type { PodsWay } from './decide/pods';
import { EventHandler } from './event-handler';
import type { InstanceLock } from './instance-lock';
import type { Journal } from './journal';
import type { KernelEvent } from './kernel/events';
import type { Change, Snapshot } from './kernel/types';
import { type LiveSettings, liveSettings } from './live-settings';
import type { NextHopMonitor, WatchedNextHop } from './next-hop-monitor';
import { OwnLock } from './own-lock';
import { isRepair, PassSchedule } from './pass-schedule';
import type { Trigger } from './passes';
import type { PathMonitor } from './path-monitor';
import type { Attempt } from './reachability';
import type { Outcome, Reconciler } from './reconciler';
import { ChangeLog } from './report/change-log';
import type { Counters } from './report/facts';
import { ListLog } from './report/list-log';
import { Rollout } from './rollout';
import { RouteSource } from './route-source';
import type { Settings } from './settings';
import { TAKEOVER_AFTER_MS, type TakeoverHandler } from './takeover';
import { Uninstall, type UninstallParts } from './uninstall';

/** A fallback for changes that no event reports. */
const RESYNC_MS = 30_000;

/** Passes that packets wait for: they skip the check of the pods' way. */
const IN_HASTE: ReadonlySet<Trigger> = new Set(['kernel event', 'next hop']);

/** The state before the first pass, which waits for our lock and a list. */
const NOTHING_FOUND: Pick<Snapshot, 'routes' | 'nexthops'> = { routes: [], nexthops: new Map() };

export interface AgentParts {
  readonly settings: Settings;
  /** The settings that change at run time. @default those in `settings` */
  readonly live?: LiveSettings;
  readonly reconciler: Reconciler;
  readonly lock: InstanceLock;
  readonly nextHops: Pick<NextHopMonitor, 'all' | 'follow' | 'stop'>;
  readonly paths: Pick<PathMonitor, 'all' | 'follow' | 'stop'>;
  readonly journal: Journal;
  readonly ownObjects: UninstallParts['ownObjects'];
  /** With rolling changes: the list of the pod's own revision, if its file could be read. */
  readonly ownList?: string | undefined;
  /** Opens a new connection to a target that must stay reachable. */
  readonly attempt: Attempt;
  /**
   * What must stay reachable after a change, if it was before, in addition to the targets in the settings.
   * @default none
   */
  readonly resolvers?: readonly Target[];
  /** A random number from 0 to less than 1. */
  readonly random: () => number;
  /** Called when a pass has a different result from the previous one. */
  readonly onNews: () => void;
  readonly log: Log;
}

/**
 * Keeps the kernel's routes in sync with the last valid list, from start to stop. A list goes to the rollout, which
 * decides which list is in force; a pass applies that list to the kernel, and its result goes back to the rollout.
 */
export class Agent implements WatchHandlers, TakeoverHandler {
  readonly source: RouteSource;
  readonly rollout: Rollout;
  readonly nextHops: AgentParts['nextHops'];
  readonly paths: AgentParts['paths'];
  outcome: Outcome | undefined;
  /** The way of pods' packets. */
  pods: PodsWay = { state: 'unknown', reason: 'the first pass is under way' };
  watchState: WatchState = { state: 'connecting' };
  passError: string | undefined;

  private readonly live: LiveSettings;
  private readonly changeLog: ChangeLog;
  private readonly listLog: ListLog;
  private readonly events: EventHandler;
  private readonly lock: OwnLock;
  private readonly uninstall: Uninstall;
  private readonly passes = new PassSchedule(
    (trigger) => this.pass(trigger),
    () => this.lock.isOurs && !this.isLeaving && this.rollout.inForce !== undefined,
  );
  private readonly tally = { repairs: 0, changes: 0, lastChange: undefined as string | undefined };
  private isLeaving = false;
  private resync: NodeJS.Timeout | undefined;

  constructor(private readonly parts: AgentParts) {
    const { settings, reconciler, ownObjects, attempt, resolvers = [], random, journal, log } = parts;
    const { onUninstall, isRolling, trialSpreadMs: spreadMs } = settings;
    const live = parts.live ?? liveSettings(settings);
    this.live = live;
    this.nextHops = parts.nextHops;
    this.paths = parts.paths;
    this.source = new RouteSource(settings.routeRules, () => performance.now());
    this.changeLog = new ChangeLog(log);
    this.listLog = new ListLog(log, `ConfigMap ${settings.namespace}/${settings.configMap}`);
    this.events = new EventHandler(reconciler, settings, log);
    this.lock = new OwnLock(parts.lock, settings, () => this.passes.request('start'), log);
    this.rollout = new Rollout({
      ownership: () => live.ownership,
      rules: { ...settings.routeRules, allowDefaultRoute: true }, // a rollback may restore what predates a setting
      isRolling,
      targets: [
        { host: settings.apiHost, port: settings.apiPort },
        ...settings.apiServers,
        ...settings.confirm,
        ...resolvers,
      ],
      attempt,
      random,
      spreadMs,
      wouldChange: (list) => this.wouldChange(list),
      journal,
      log,
      passes: this.passes,
      onConfirmed: () => {
        if (settings.otherwise === 'unreachable') this.passes.request('confirmed');
      },
    });
    const { source, rollout } = this;
    this.uninstall = new Uninstall({ onUninstall, ownObjects, source, rollout, reconciler, log });
  }

  get counters(): Counters {
    const { source, rollout, tally } = this;
    return { listsAccepted: source.accepted, listsRejected: source.rejected, rollbacks: rollout.rollbacks, ...tally };
  }

  get ownership(): Ownership {
    return this.live.ownership;
  }

  get destinations(): readonly Destination[] {
    return this.live.destinations;
  }

  /** Who holds the lock of our protocol number, if not us. */
  get lockHolder(): string | undefined {
    return this.lock.holder;
  }

  start(): void {
    this.resync = setInterval(() => this.passes.request('resync'), RESYNC_MS);
    this.rollout.resume();
    if (this.parts.settings.isRolling) {
      this.source.pin(this.parts.ownList);
      this.takeList("the pod's list");
    }
    void this.lock.take();
  }

  onState(state: WatchState): void {
    if (util.isDeepStrictEqual(state, this.watchState)) return;
    this.watchState = state;
    const { log } = this.parts;
    if (state.state === 'failing') log('warn', 'watch.failing', `${state.reason}; the routes stay; retrying`);
    else log('info', `watch.${state.state}`, 'the API server answers');
  }

  onConfigMap(configMap: ConfigMapState): void {
    if (!this.source.update(configMap)) return;
    const { state, differs, servers } = this.source;
    const { isRolling, confirm } = this.parts.settings;
    if (state.state === 'gone') {
      this.listLog.gone();
      if (!isRolling) this.rollout.withdraw();
      this.uninstall.onGone();
      return;
    }
    if (isRolling) this.listLog.compared(state, differs);
    else this.takeList();
    this.live.destinations = destinationsOf(servers, confirm);
    this.passes.request('resync'); // changed servers alone do not make a new list
  }

  private takeList(name?: string): void {
    const { state, list, text } = this.source;
    if (state.state === 'rejected') {
      this.listLog.rejected(state.findings, name);
      this.rollout.withdraw();
    } else if (list !== undefined) {
      this.listLog.accepted(list);
      this.changeLog.reportDuplicates(list);
      this.rollout.accept(list, text);
    }
  }

  onKernelEvents(events: readonly KernelEvent[]): void {
    const relevant = this.events.relevant(events);
    if (relevant.length === 0) return;
    const started = performance.now();
    const done = this.isLeaving ? [] : this.events.answer(relevant, this.rollout.inForce);
    this.changeLog.reportDone(done, 'kernel event', performance.now() - started);
    this.count(done, 'kernel event');
    this.passes.request('kernel event');
  }

  onNextHops(changed: readonly WatchedNextHop[]): void {
    this.changeLog.reportNextHops(changed);
    if (changed.some(({ isAlone }) => !isAlone)) this.passes.request('next hop');
  }

  onPaths(): void {
    this.passes.request('next hop');
  }

  isReadyFor(protocol: number): boolean {
    const { routes, nexthops } = this.outcome?.snapshot ?? NOTHING_FOUND;
    const isAny = [...routes, ...nexthops.values()].some((object) => object.protocol === protocol);
    // A list that is not in force does not decide what to keep.
    const isInForce = this.rollout.state.state === 'settled' && this.rollout.inForce === this.source.list;
    return isAny && isInForce && !this.isLeaving && this.source.state.state === 'accepted';
  }

  takeOver(protocol: number): void {
    const { routes } = this.outcome?.snapshot ?? NOTHING_FOUND;
    const taken = routes.filter((route) => route.protocol === protocol).length;
    this.parts.log(
      'info',
      'routes.taken-over',
      `the agent of protocol ${protocol} has been silent on this node for ${TAKEOVER_AFTER_MS / 1000} s: ${taken} routes taken over`,
      { protocol, routes: taken },
    );
    const { ownership } = this.live;
    this.live.ownership = { ...ownership, former: new Set([...ownership.former, protocol]) };
    this.passes.request('takeover');
  }

  /** What happens to the routes: {@link Uninstall}. */
  async leave(watch: ConfigMapWatch): Promise<void> {
    this.isLeaving = true;
    this.nextHops.stop();
    this.paths.stop();
    clearInterval(this.resync);
    this.passes.stop();
    await this.uninstall.leave(watch, this.lock.isOurs);
    this.rollout.stop();
    this.lock.release();
  }

  /** If the kernel cannot be read now, assume that it would change. */
  private wouldChange(list: RouteList): boolean {
    try {
      return this.parts.reconciler.preview(list).length > 0;
    } catch {
      return true;
    }
  }

  /** @returns its result; undefined if the pass failed. */
  private pass(trigger: Trigger): Outcome | undefined {
    const { rollout } = this;
    const { reconciler, log } = this.parts;
    const list = rollout.inForce as RouteList;
    const started = performance.now();
    try {
      const outcome = reconciler.run(list, (snapshot) => rollout.beforeChanges(snapshot), {
        isConfirmed: rollout.isConfirmed,
        restored: rollout.restoredWith(list),
      });
      if (this.passError !== undefined) log('info', 'pass.recovered', 'the kernel can be read again');
      this.passError = undefined;
      if (!IN_HASTE.has(trigger)) this.pods = reconciler.lookAtPods();
      this.note(outcome, list, trigger, performance.now() - started);
      return outcome;
    } catch (error) {
      const message = `this node's routes could not be read: ${(error as Error).message}`;
      if (message !== this.passError) log('error', 'pass.failed', message);
      this.passError = message;
      return undefined;
    }
  }

  private note(outcome: Outcome, list: RouteList, trigger: Trigger, milliseconds: number): void {
    if (outcome.verdicts !== this.outcome?.verdicts) this.parts.onNews();
    this.outcome = outcome;
    this.events.afterPass(list, outcome, this.live.ownership);
    this.nextHops.follow(outcome.nextHops);
    this.paths.follow(outcome.paths);
    this.changeLog.report(outcome, trigger, milliseconds);
    this.count(outcome.done, trigger);
  }

  private count(done: readonly Change[], trigger: Trigger): void {
    if (done.length === 0) return;
    this.tally.changes += done.length;
    this.tally.lastChange = new Date().toISOString();
    if (isRepair(trigger)) this.tally.repairs += done.length;
  }
}
