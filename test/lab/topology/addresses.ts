import { parse } from 'ipaddr.js';

/** The address without its prefix length: '10.184.0.2' for '10.184.0.2/26'. */
export function addressOf(cidr: string): string {
  return cidr.split('/')[0] ?? cidr;
}

/** Whether both are of the same family, with or without prefix length. */
export function sameFamily(a: string, b: string): boolean {
  return a.includes(':') === b.includes(':');
}

/** The address for a URL: IPv6 in brackets. */
export function inUrl(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}

/**
 * An address in the subnet of `cidr`, with the same prefix length.
 *
 * @param index counted from the subnet's first address (0) or, if negative, back from its last one (-1)
 */
export function nth(cidr: string, index: number): string {
  const bytes = parse(addressOf(cidr)).toByteArray();
  const length = Number(cidr.split('/')[1]);
  const size = 1n << BigInt(bytes.length * 8 - length);
  const value = bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  const first = value - (value % size);
  const wanted = index < 0 ? first + size + BigInt(index) : first + BigInt(index);
  const digits = bytes.map((_, i) => Number((wanted >> BigInt(8 * (bytes.length - 1 - i))) & 255n));
  const groups = digits.flatMap((byte, i) => (i % 2 ? [] : [(byte * 256 + (digits[i + 1] ?? 0)).toString(16)]));
  const text = bytes.length === 4 ? digits.join('.') : parse(groups.join(':')).toString();
  return `${text}/${length}`;
}
