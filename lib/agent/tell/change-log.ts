import { type RouteList, routeKey } from '../../network';
import { type HealthState, HOLD_DOWN_MS } from '../decide/health';
import { isCompanion } from '../decide/ownership';
import { isGood, type Verdict } from '../decide/verdict';
import type { Change, FailedChange } from '../kernel/types';
import type { Log } from '../log';
import type { WatchedNextHop } from '../next-hop-watch';
import type { Outcome } from '../reconciler';

/** A pass may concern thousands of routes; a log line names this many. */
const MOST_NAMED = 20;

const HEALTH_TEXTS: Readonly<Record<HealthState, string>> = {
  up: 'answers',
  returning: `answers again; it is up once it has done so for ${HOLD_DOWN_MS / 1000} s`,
  down: 'does not answer',
};

/** Tells what passes change: one line a pass that did something, one for each route whose standing changed. */
export class ChangeLog {
  /** How routes stood that were not simply effective. */
  private before = new Map<string, string>();
  private told: readonly Verdict[] = [];
  private failedBefore: ReadonlySet<string> = new Set();

  constructor(private readonly log: Log) {}

  tell(outcome: Outcome, trigger: string, milliseconds: number): void {
    this.tellDone(outcome.done, trigger, milliseconds);
    this.tellFailedRemovals(outcome.failed);
    this.tellStandings(outcome.verdicts);
  }

  tellDone(done: readonly Change[], trigger: string, milliseconds: number): void {
    if (done.length === 0) return;
    this.log('info', 'routes.changed', summary(done), {
      trigger,
      milliseconds: Math.round(milliseconds * 10) / 10,
      ...named(done),
    });
  }

  /** What cannot be written shows in a route's standing; companions, and what cannot be removed, have none. */
  private tellFailedRemovals(failed: readonly FailedChange[]): void {
    const now = new Set(
      failed
        .filter(({ change }) => change.kind.startsWith('delete') || isOfCompanion(change))
        .map(({ change, reason }) => `${changeText(change)}: the kernel says: ${reason}`),
    );
    const news = [...now].filter((text) => !this.failedBefore.has(text));
    for (const text of news.slice(0, MOST_NAMED)) this.log('warn', 'change.failed', text);
    this.failedBefore = now;
  }

  tellDuplicates({ duplicates }: RouteList): void {
    if (duplicates.length > 0)
      this.log('warn', 'list.duplicates', `${duplicates.length} entries repeat others`, {
        duplicates: duplicates.slice(0, MOST_NAMED),
      });
  }

  tellNextHops(changed: readonly WatchedNextHop[]): void {
    for (const { address, interface: name, isAlone, health } of changed) {
      const { state } = health;
      this.log(
        state === 'down' ? 'warn' : 'info',
        `nexthop.${state}`,
        `next hop ${address} dev ${name} ${HEALTH_TEXTS[state]}${state === 'down' && isAlone ? '; it is the only one and stays' : ''}`,
        { nextHop: `${address}`, interface: name },
      );
    }
  }

  private tellStandings(verdicts: readonly Verdict[]): void {
    if (verdicts === this.told) return; // most passes find all as it was
    this.told = verdicts;
    const now = new Map(
      verdicts.flatMap((verdict) => {
        const { route, state, reason } = verdict;
        return state === 'effective' && reason === undefined ? [] : [[routeKey(route), `${state} ${reason ?? ''}`]];
      }),
    );
    const changed = verdicts.filter(({ route }) => {
      const key = routeKey(route);
      return this.before.get(key) !== now.get(key);
    });
    for (const verdict of changed.slice(0, MOST_NAMED)) {
      const { route, state, reason } = verdict;
      const message = `${route.subnet} is ${state}${reason === undefined ? '' : `: ${reason}`}`;
      this.log(isGood(verdict) ? 'info' : 'warn', 'route.state', message, { subnet: `${route.subnet}`, state });
    }
    if (changed.length > MOST_NAMED)
      this.log('warn', 'route.state', `… and ${changed.length - MOST_NAMED} more routes changed their state`);
    this.before = now;
  }
}

/** For people: `add 192.168.0.0/24`. */
export function changeText(change: Change): string {
  if ('nexthop' in change) return `${verbOf(change)} nexthop object ${change.nexthop.id}`;
  const { subnet, table, metric } = change.route;
  if (isOfCompanion(change)) return `${verbOf(change)} unreachable ${subnet}${table === 254 ? '' : ` table ${table}`}`;
  const place = `${table === 254 ? '' : ` table ${table}`}${metric === 0 || metric === 1024 ? '' : ` metric ${metric}`}`;
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
