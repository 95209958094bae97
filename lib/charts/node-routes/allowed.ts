import { Address, bitsOf, type Route, readInterface, readTable, Subnet } from '../../network';
import { listOf, readNested, type Schema } from '../input/schema';

/** What a route list may use in addition to what the site's own routes use. */
export interface AllowProps {
  /** Routing tables, 1 to 4294967295. @default only those of the site's own routes */
  readonly tables?: readonly number[];
  /** Next hops: addresses or subnets. @default only those of the site's own routes */
  readonly nextHops?: readonly string[];
  /** Interfaces by name. @default only those of the site's own routes */
  readonly interfaces?: readonly string[];
  /**
   * Subnets that must contain all destinations. Changing this restarts the agents, as does changing the other options.
   * @default any destination
   */
  readonly destinations?: readonly string[];
}

/** The parsed props. */
export interface Allow {
  readonly tables: readonly number[];
  readonly nextHops: readonly Subnet[];
  readonly interfaces: readonly string[];
  readonly destinations: readonly Subnet[] | undefined;
}

const ALLOW_SCHEMA: Schema<Allow> = {
  tables: { fallback: [], read: listOf(readTable) },
  nextHops: { fallback: [], read: listOf(readNextHops) },
  interfaces: { fallback: [], read: listOf(readInterface) },
  destinations: { fallback: undefined, read: listOf(Subnet.parse) },
};

export const readAllow = readNested(ALLOW_SCHEMA);
export const ALLOW_NOTHING_ELSE: Allow = { tables: [], nextHops: [], interfaces: [], destinations: undefined };

/**
 * What the list may use, in the form the agents get it: what these routes use, the tables named in the options, and
 * `allowed`.
 */
export function allowedFor(routes: readonly Route[], tables: readonly number[], allow: Allow): Allow {
  const hosts = routes.flatMap(({ nextHops }) => nextHops.map(hostOf));
  const links = routes.flatMap((route) => route.interface ?? []);
  return {
    tables: [...new Set([...tables, ...routes.map((route) => route.table), ...allow.tables])].sort((a, b) => a - b),
    nextHops: [...new Map([...hosts, ...allow.nextHops].map((range) => [`${range}`, range])).values()],
    interfaces: [...new Set([...links, ...allow.interfaces])].sort(),
    destinations: allow.destinations,
  };
}

function readNextHops(value: unknown): Subnet {
  return typeof value === 'string' && value.includes('/') ? Subnet.parse(value) : hostOf(Address.parse(value));
}

const hostOf = (address: Address): Subnet => new Subnet(address, bitsOf(address.family));
