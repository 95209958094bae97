import { Address, type Family } from './address';
import { refuse } from './finding';
import { Subnet } from './subnet';

export interface ReservedRange {
  readonly subnet: Subnet;
  readonly what: string;
}

/** Ranges that no router forwards as unicast: RFC 6890 and its registries, RFC 5771, RFC 4291. */
export const RESERVED: readonly ReservedRange[] = [
  ...Object.entries({
    '0.0.0.0/8': 'unspecified ("this network", RFC 791)',
    '127.0.0.0/8': 'loopback (RFC 1122)',
    '169.254.0.0/16': 'link-local (RFC 3927)',
    '224.0.0.0/4': 'multicast (RFC 5771)',
    '240.0.0.0/4': 'reserved or broadcast (RFC 1112)',
    '::/128': 'unspecified (RFC 4291)',
    '::1/128': 'loopback (RFC 4291)',
    'fe80::/10': 'link-local (RFC 4291)',
    'ff00::/8': 'multicast (RFC 4291)',
  }).map(([subnet, what]) => ({ subnet: Subnet.parse(subnet), what })),
  // Subnet.parse rejects ::ffff:0:0/96 as input.
  { subnet: new Subnet(new Address(6, 0, [0, 0xffff, 0]), 96), what: 'IPv4-mapped (RFC 4291)' },
];

export interface SubnetRules {
  /** Accept default routes and parts of them: prefixes shorter than /8, IPv6 shorter than /16. @default false */
  readonly allowDefaultRoute?: boolean;
  /**
   * Accept parts of default routes, for ranges that are not routes: a private network such as fd00::/8.
   * @default false
   */
  readonly allowWide?: boolean;
}

/** Shorter prefixes count as parts of a default route: no site has a range as wide as a /7, or an IPv6 /15. */
const SHORTEST_PREFIX: Readonly<Record<Family, number>> = { 4: 8, 6: 16 };

/**
 * Reads a subnet that may be routed.
 * @throws InputError for what Subnet.parse rejects, for reserved ranges, and for a default route or a part of one
 * unless allowed.
 */
export function parseUnicastSubnet(value: unknown, rules: SubnetRules = {}): Subnet {
  const subnet = Subnet.parse(value);
  const range = overlapped(subnet);
  if (range?.subnet.contains(subnet)) throw refuse(value, `is ${range.what}`, 'list unicast subnets only');
  if (isWide(subnet, rules)) {
    if (rules.allowDefaultRoute) return subnet;
    const what = subnet.prefixLength === 0 ? 'the default route' : 'a part of the default route';
    throw refuse(
      value,
      `is ${what}, which would take most of the traffic of the node`,
      // This can be allowed for a list of routes, but not for a network.
      rules.allowDefaultRoute === undefined
        ? 'list the on-premise subnets one by one'
        : 'list the on-premise subnets, or set allowDefaultRoute in NodeRoutes',
    );
  }
  if (range === undefined) return subnet;
  throw refuse(value, `contains ${range.subnet}, which is ${range.what}`, 'list the subnets behind the VPN one by one');
}

function isWide({ family, prefixLength }: Subnet, { allowWide = false }: SubnetRules): boolean {
  return prefixLength < (allowWide ? 1 : SHORTEST_PREFIX[family]);
}

/** Called for each entry of a list, so it allocates no objects. */
function overlapped(subnet: Subnet): ReservedRange | undefined {
  for (let i = 0; i < RESERVED.length; i++) if (RESERVED[i]?.subnet.overlaps(subnet)) return RESERVED[i];
  return undefined;
}

/** What kind of address no host on another network can have, e.g. "loopback (RFC 1122)"; undefined for a unicast address. */
export function reservedFor(address: Address): string | undefined {
  return RESERVED.find((range) => range.subnet.contains(address))?.what;
}

/**
 * Reads the address of one host.
 * @throws InputError for what Address.parse rejects, and for addresses in reserved ranges.
 */
export function parseHostAddress(value: unknown): Address {
  const address = Address.parse(value);
  const what = reservedFor(address);
  if (what !== undefined) throw refuse(value, `is ${what}`, 'write the unicast address of the host');
  return address;
}
