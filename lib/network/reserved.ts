import { Address } from './address';
import { refuse } from './finding';
import { Subnet } from './subnet';

export interface ReservedRange {
  readonly subnet: Subnet;
  readonly what: string;
}

/** ::ffff:0:0/96, which Subnet.parse refuses as input. */
const IPV4_MAPPED = new Subnet(new Address([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0]), 96);

/** Ranges that no router forwards as unicast: RFC 6890 and its registries, RFC 5771, RFC 4291. */
export const RESERVED: readonly ReservedRange[] = [
  { subnet: Subnet.parse('0.0.0.0/8'), what: 'unspecified ("this network", RFC 791)' },
  { subnet: Subnet.parse('127.0.0.0/8'), what: 'loopback (RFC 1122)' },
  { subnet: Subnet.parse('169.254.0.0/16'), what: 'link-local (RFC 3927)' },
  { subnet: Subnet.parse('224.0.0.0/4'), what: 'multicast (RFC 5771)' },
  { subnet: Subnet.parse('240.0.0.0/4'), what: 'reserved or broadcast (RFC 1112)' },
  { subnet: Subnet.parse('::/128'), what: 'unspecified (RFC 4291)' },
  { subnet: Subnet.parse('::1/128'), what: 'loopback (RFC 4291)' },
  { subnet: IPV4_MAPPED, what: 'IPv4-mapped (RFC 4291)' },
  { subnet: Subnet.parse('fe80::/10'), what: 'link-local (RFC 4291)' },
  { subnet: Subnet.parse('ff00::/8'), what: 'multicast (RFC 4291)' },
];

export interface SubnetRules {
  /** Accept 0.0.0.0/0 and ::/0. @default false */
  readonly allowDefaultRoute?: boolean;
}

/**
 * Reads a subnet that may be routed.
 * @throws InputError for what Subnet.parse refuses, reserved ranges, and a default route unless it is allowed.
 */
export function parseUnicastSubnet(value: unknown, rules: SubnetRules = {}): Subnet {
  const subnet = Subnet.parse(value);
  if (subnet.prefixLength === 0) {
    if (rules.allowDefaultRoute) return subnet;
    throw refuse(
      value,
      'is the default route, which would take everything the node sends',
      'list the on-premise subnets, or set allowDefaultRoute',
    );
  }
  const range = RESERVED.find((range) => range.subnet.overlaps(subnet));
  if (range === undefined) return subnet;
  if (range.subnet.contains(subnet)) throw refuse(value, `is ${range.what}`, 'list unicast subnets only');
  throw refuse(value, `contains ${range.subnet}, which is ${range.what}`, 'list the subnets behind the VPN one by one');
}

/** What kind of address no host on another network can have, e.g. "loopback (RFC 1122)"; undefined for a unicast address. */
export function reservedFor(address: Address): string | undefined {
  return RESERVED.find((range) => range.subnet.contains(address))?.what;
}

/**
 * Reads the address of one host.
 * @throws InputError for what Address.parse refuses and for addresses in reserved ranges.
 */
export function parseHostAddress(value: unknown): Address {
  const address = Address.parse(value);
  const what = reservedFor(address);
  if (what !== undefined) throw refuse(value, `is ${what}`, 'write the unicast address of the host');
  return address;
}
