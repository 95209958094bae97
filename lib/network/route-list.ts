import { Findings, InputError } from './finding';
import { parseJson, repeatedKeys } from './json';
import { type Route, type RouteRules, readRoute, routeKey, routeText } from './route';

/** About the most routes that fit into a ConfigMap. 500,000 bare numbers would fit as well. */
const MOST_ENTRIES = 65_536;

/** A parsed route list. */
export interface RouteList {
  /** In the order of the list, without duplicates. */
  readonly routes: readonly Route[];
  /** Entries that were dropped because they equal an earlier one: `routes[5] 192.168.0.0/24 repeats routes[0]`. */
  readonly duplicates: readonly string[];
}

/**
 * Reads the text under the ConfigMap's key `routes`: a JSON array, blanks and newlines around it allowed, of subnets as
 * text or objects (see RouteSpec). Synth and agent both use this parser.
 * @throws InputError with all findings, each with its position (`routes[3].nextHop`).
 */
export function parseRouteList(text: string, rules: RouteRules): RouteList {
  const findings = new Findings();
  const entries = findings.attempt('routes', () => parseJson(text));
  findings.throwIfAny();
  throwIfTooLong(entries);
  for (const { entry, key } of repeatedKeys(text))
    findings.add(`routes[${entry}]`, key, 'is written twice', 'keep one of the two');
  const list = findings.attempt('', () => readRouteList(entries, rules));
  findings.throwIfAny();
  return list as RouteList;
}

/** The same for entries that are already parsed from JSON. */
export function readRouteList(entries: unknown, rules: RouteRules): RouteList {
  const findings = new Findings();
  if (!Array.isArray(entries)) {
    findings.add('routes', entries, 'is not a JSON array', 'write ["192.168.0.0/24", …], or [] for no routes');
    throw new InputError(findings.all);
  }
  throwIfTooLong(entries);
  const routes: Route[] = [];
  const duplicates: string[] = [];
  const read: Route[] = [];
  const firsts = new Map<string, number>();
  const take = (route: Route, i: number) => {
    read[i] = route;
    const key = routeKey(route);
    const first = firsts.get(key);
    if (first === undefined) {
      firsts.set(key, i);
      routes.push(route);
    } else if (saysTheSame(read[first] as Route, route)) {
      duplicates.push(`routes[${i}] ${route.subnet} repeats routes[${first}]`);
    } else {
      const reason = `contradicts routes[${first}], which has the same subnet, table and metric`;
      findings.add(`routes[${i}]`, entries[i], reason, 'keep one of them, or give them different metrics or tables');
    }
  };
  // There are many entries: allocate nothing per entry except its route.
  for (let i = 0; i < entries.length && !findings.isFull; i++) {
    try {
      take(readRoute(entries[i], rules), i);
    } catch (error) {
      findings.keep(`routes[${i}]`, error);
    }
  }
  if (findings.isFull)
    throw new InputError([
      ...findings.all,
      {
        at: 'routes',
        value: `${entries.length} entries`,
        reason: 'have more errors than are listed here',
        remedy: 'fix these first',
      },
    ]);
  findings.throwIfAny();
  return { routes, duplicates };
}

function throwIfTooLong(entries: unknown): void {
  if (!Array.isArray(entries) || entries.length <= MOST_ENTRIES) return;
  const remedy = `write at most ${MOST_ENTRIES}, e.g. by larger subnets`;
  throw new InputError([{ at: 'routes', value: `a list of ${entries.length} entries`, reason: 'is too long', remedy }]);
}

/** The text for the ConfigMap: a JSON array with one route per line, so that diffs are readable. */
export function formatRouteList(routes: readonly Route[], rules: RouteRules): string {
  if (routes.length === 0) return '[]\n';
  return `[\n${routes.map((route) => `  ${routeText(route, rules)}`).join(',\n')}\n]\n`;
}

/** Whether two routes are equal. Comments do not count. */
function saysTheSame(a: Route, b: Route): boolean {
  const facts = ({ comment: _, ...rest }: Route) =>
    JSON.stringify({
      ...rest,
      subnet: `${rest.subnet}`,
      nextHops: nextHopsKey(rest),
      source: rest.source && `${rest.source}`,
    });
  return facts(a) === facts(b);
}

/** The order does not matter for next hops that share the traffic. */
function nextHopsKey({ nextHops, mode }: Route): string[] {
  const texts = nextHops.map(String);
  return mode === 'failover' ? texts : texts.sort();
}
