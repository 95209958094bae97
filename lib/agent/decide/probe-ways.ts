import { Address, probeTable } from '../../network';
import { PORTS_PER_HOP, type ProbeObjects, type ProbeRoute, type ProbeRule } from '../kernel/probe-objects';
import type { Answer, Hop } from '../kernel/types';
import { routeOf } from './answer';
import type { Path } from './paths';
import { sameWay } from './route-hops';

/** The most next hops that are probed; further ones are not. */
const MOST_PROBED_HOPS = 16;
/**
 * Above the ephemeral ports (32768 to 60999) and NodePorts (30000 to 32767). Each agent on a node has its own ports.
 */
const FIRST_PORT = 61_000;
const PORTS = MOST_PROBED_HOPS * PORTS_PER_HOP;
const SHARES = 70;

/** A path with the rule for its packets. */
export interface ProbeWay {
  readonly path: Path;
  readonly rule: ProbeRule;
}

/** Assigns a table and ports to each next hop. Paths beyond the last slot are left out. */
export function placePaths(paths: readonly Path[], protocol: number): ProbeWay[] {
  const places = new Map<string, number>();
  return paths.flatMap((path) => {
    const target = Address.parse(path.target.host);
    const key = hopName(path);
    const place = places.get(`${target.family} ${key}`) ?? places.size;
    if (place >= MOST_PROBED_HOPS) return [];
    places.set(`${target.family} ${key}`, place);
    const firstSourcePort = FIRST_PORT + PORTS * (protocol % SHARES) + PORTS_PER_HOP * place;
    const table = probeTable(protocol, place);
    return [{ path, rule: { source: path.source, target, port: path.target.port, firstSourcePort, table } }];
  });
}

/** A next hop on its link. */
export const hopName = ({ hop }: Pick<Path, 'hop'>): string => `${hop.gateway ?? 'link'}%${hop.link}`;

export function probeObjects(ways: readonly ProbeWay[]): ProbeObjects {
  const routes = new Map<number, ProbeRoute>();
  for (const { path, rule } of ways)
    routes.set(rule.table, { family: rule.target.family, table: rule.table, hop: path.hop });
  return { rules: [...new Map(ways.map(({ rule }) => [ruleKey(rule), rule])).values()], routes: [...routes.values()] };
}

export const ruleKey = ({ source, target, port, firstSourcePort, table }: ProbeRule): string =>
  `from ${source} to ${target} sport ${firstSourcePort} dport ${port} lookup ${table}`;

/** Whether the FIB sends a probe's packets to its next hop and to no other. */
export function leadsBy(answer: Answer | undefined, hop: Hop): boolean {
  const route = routeOf(answer);
  return route !== undefined && sameWay(route.hops, [hop]);
}
