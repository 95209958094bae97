import { MAIN_TABLE, type RouteList, routeKey } from '../../network';
import type { Log } from '../../program/log';
import { type HealthState, HOLD_DOWN_MS } from '../decide/next-hop-health';
import { isCompanion } from '../decide/ownership';
import { isGood, type Verdict } from '../decide/verdicts';
import type { Change, FailedChange } from '../kernel/types';
import type { WatchedNextHop } from '../next-hop-monitor';
import type { Outcome } from '../reconciler';

/** A pass may concern thousands of routes; a log line names at most this many. */
const MOST_NAMED = 20;

const HEALTH_TEXTS: Readonly<Record<HealthState, string>> = {
  up: 'answers',
  returning: `answers again; it counts as up after ${HOLD_DOWN_MS / 1000} s`,
  down: 'does not answer',
};

const AGAIN = ' again';

/** The state of a route that is not simply effective. */
interface Standing {
  readonly text: string;
  /** Since when it has not done what the list says; undefined if it does. */
  readonly badSince: number | undefined;
}

const PLAIN: Standing = { text: 'effective', badSince: undefined };

function standingOf(verdict: Verdict, before: Standing | undefined, time: number): Standing {
  const { state, reason } = verdict;
  const text = reason === undefined ? state : `${state}: ${reason}`;
  return { text, badSince: isGood(verdict) ? undefined : (before?.badSince ?? time) };
}

/**
 * @returns the present states, the routes whose reported state changed, grouped by report, and since when the first of
 * them was bad.
 */
function compare(before: ReadonlyMap<string, Standing>, verdicts: readonly Verdict[], time: number) {
  const standings = new Map<string, Standing>();
  const groups = new Map<string, Verdict[]>();
  let badSince = time;
  for (const verdict of verdicts) {
    const key = routeKey(verdict.route);
    const old = before.get(key) ?? PLAIN;
    const now = standingOf(verdict, old, time);
    if (now.text !== PLAIN.text) standings.set(key, now);
    if (now.text === old.text) continue;
    const isBack = old.badSince !== undefined && now.badSince === undefined;
    if (isBack) badSince = Math.min(badSince, old.badSince);
    const group = `${now.text}${isBack ? AGAIN : ''}`;
    const others = groups.get(group) ?? [];
    groups.set(group, others);
    others.push(verdict);
  }
  return { standings, groups, badSince };
}

/**
 * Logs what passes change: one line per pass that made changes, and one for all routes that changed to the same state.
 */
export class ChangeLog {
  private before: ReadonlyMap<string, Standing> = new Map();
  private reported: readonly Verdict[] = [];
  private failedBefore: ReadonlySet<string> = new Set();

  constructor(
    private readonly log: Log,
    /** Milliseconds of a steady clock. */
    private readonly now: () => number = () => performance.now(),
  ) {}

  report(outcome: Outcome, trigger: string, milliseconds: number): void {
    this.reportDone(outcome.done, trigger, milliseconds);
    this.reportFailedRemovals(outcome.failed);
    this.reportStandings(outcome.verdicts);
  }

  reportDone(done: readonly Change[], trigger: string, milliseconds: number): void {
    if (done.length === 0) return;
    this.log('info', 'routes.changed', summary(done), {
      trigger,
      milliseconds: Math.round(milliseconds * 10) / 10,
      ...named(done),
    });
  }

  /** What cannot be written shows in a route's state. Companions, and what cannot be removed, have no state. */
  private reportFailedRemovals(failed: readonly FailedChange[]): void {
    const now = new Set(
      failed
        .filter(({ change }) => change.kind.startsWith('delete') || isOfCompanion(change))
        .map(({ change, reason }) => `${changeText(change)}: the kernel reports: ${reason}`),
    );
    const news = [...now].filter((text) => !this.failedBefore.has(text));
    for (const text of news.slice(0, MOST_NAMED)) this.log('warn', 'change.failed', text);
    this.failedBefore = now;
  }

  reportDuplicates({ duplicates }: RouteList): void {
    if (duplicates.length > 0)
      this.log('warn', 'list.duplicates', `${duplicates.length} entries are duplicates`, {
        duplicates: duplicates.slice(0, MOST_NAMED),
      });
  }

  reportNextHops(changed: readonly WatchedNextHop[]): void {
    for (const { address, interface: name, isAlone, health } of changed) {
      const { state } = health;
      this.log(
        state === 'down' ? 'warn' : 'info',
        `nexthop.${state}`,
        `next hop ${address} dev ${name} ${HEALTH_TEXTS[state]}${state === 'down' && isAlone ? '; it is the only one, so it stays' : ''}`,
        { nextHop: `${address}`, interface: name },
      );
    }
  }

  private reportStandings(verdicts: readonly Verdict[]): void {
    if (verdicts === this.reported) return; // most passes find nothing changed
    this.reported = verdicts;
    const time = this.now();
    const { standings, groups, badSince } = compare(this.before, verdicts, time);
    this.before = standings;
    this.reportGroups(groups, Math.round(time - badSince));
  }

  /** One line for all routes with the same state and reason, because a link bounce changes all of them. */
  private reportGroups(groups: ReadonlyMap<string, readonly Verdict[]>, milliseconds: number): void {
    const all = [...groups];
    for (const [text, verdicts] of all.slice(0, MOST_NAMED)) {
      const [first] = verdicts as [Verdict];
      const subnets = verdicts.map(({ route }) => `${route.subnet}`);
      const who = subnets.length === 1 ? subnets[0] : `${subnets.length} routes`;
      const after = text.endsWith(AGAIN) ? ` after ${milliseconds} ms` : '';
      const message = `${who} ${text}${after}`;
      const level = isGood(first) ? 'info' : 'warn';
      const details = { state: first.state, routes: subnets.length };
      this.log(level, 'route.state', message, { ...details, subnets: subnets.slice(0, MOST_NAMED) });
      if (subnets.length > MOST_NAMED) this.log('debug', 'route.state', message, { ...details, subnets });
    }
    const rest = all.slice(MOST_NAMED).flatMap(([, verdicts]) => verdicts);
    if (rest.length > 0)
      this.log('warn', 'route.state', `… and ${rest.length} more routes changed their state; /status names them`);
  }
}

/** For people: `add 192.168.0.0/24`. */
export function changeText(change: Change): string {
  if ('nexthop' in change) return `${verbOf(change)} nexthop object ${change.nexthop.id}`;
  const { subnet, table, metric } = change.route;
  if (isOfCompanion(change))
    return `${verbOf(change)} unreachable ${subnet}${table === MAIN_TABLE ? '' : ` table ${table}`}`;
  const place = `${table === MAIN_TABLE ? '' : ` table ${table}`}${metric === 0 || metric === 1024 ? '' : ` metric ${metric}`}`;
  return `${verbOf(change)} ${subnet}${place}`;
}

function verbOf(change: Change): string {
  if ('replace' in change) return change.replace ? 'change' : 'add';
  return change.kind === 'refresh-nexthop' ? 'refresh' : 'remove';
}

function isOfCompanion(change: Change): boolean {
  if (change.kind === 'delete-route') return isCompanion(change.route);
  return change.kind === 'put-route' && change.route.nexthopId === undefined;
}

const isAdded = (change: Change): boolean => change.kind === 'put-route' && !change.replace;
const isReplaced = (change: Change): boolean => change.kind === 'put-route' && change.replace;
const isRemoved = (change: Change): boolean => change.kind === 'delete-route';

function summary(changes: readonly Change[]): string {
  const moved = changes.some((change) => change.kind === 'put-nexthop' && change.replace);
  const routes = counts(changes.filter((change) => !isOfCompanion(change)));
  const companions = changes.filter(isOfCompanion);
  const beside = companions.length === 0 ? '' : `; unreachable routes: ${counts(companions)}`;
  return `${routes.replace(' added', ' routes added')}${moved ? ', next hop changed' : ''}${beside}`;
}

function counts(changes: readonly Change[]): string {
  const [added, replaced, removed] = [isAdded, isReplaced, isRemoved].map((is) => changes.filter(is).length);
  return `${added} added, ${replaced} changed, ${removed} removed`;
}

function named(changes: readonly Change[]): Record<string, string[]> {
  const names = (is: (change: Change) => boolean) =>
    changes
      .filter(is)
      .slice(0, MOST_NAMED)
      .map((change) => ('route' in change ? `${change.route.subnet}` : ''));
  return Object.fromEntries(
    Object.entries({ added: names(isAdded), replaced: names(isReplaced), removed: names(isRemoved) }).filter(
      ([, list]) => list.length > 0,
    ),
  );
}
