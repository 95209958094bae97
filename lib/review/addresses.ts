import { bitsOf, outermostOf, type Subnet } from '../network';

/** The number of addresses in the given subnets, each address counted once. */
export interface AddressCount {
  readonly ipv4: number;
  /** A string, because JSON numbers cannot hold values of this size. */
  readonly ipv6: string;
}

export function countAddresses(subnets: readonly Subnet[]): AddressCount {
  let ipv4 = 0n;
  let ipv6 = 0n;
  for (const { family, prefixLength } of outermostOf(subnets)) {
    const size = 1n << BigInt(bitsOf(family) - prefixLength);
    if (family === 4) ipv4 += size;
    else ipv6 += size;
  }
  return { ipv4: Number(ipv4), ipv6: `${ipv6}` };
}

/** `512 addresses`, `2^64 IPv6 addresses`. */
export function addressText({ ipv4, ipv6 }: AddressCount): string {
  const large = BigInt(ipv6);
  const parts = [
    ...(ipv4 > 0 || large === 0n ? [`${grouped(ipv4)} ${ipv4 === 1 ? 'address' : 'addresses'}`] : []),
    ...(large > 0n ? [`${largeNumber(large)} IPv6 ${large === 1n ? 'address' : 'addresses'}`] : []),
  ];
  return parts.join(' and ');
}

function grouped(number: number): string {
  return `${number}`.replace(/\B(?=(?:\d{3})+$)/g, ',');
}

function largeNumber(number: bigint): string {
  if (number < 1_000_000n) return grouped(Number(number));
  const exponent = number.toString(2).length - 1;
  return number === 1n << BigInt(exponent) ? `2^${exponent}` : `more than 2^${exponent}`;
}
