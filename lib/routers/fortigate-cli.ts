import { Address, type Subnet } from '../network';

/** One object in a `config` block: its name or number, a comment, and its settings. */
export interface Entry {
  readonly edit: string | number;
  readonly why?: string;
  readonly set: Readonly<Record<string, string | number>>;
}

export const text = (value: string) => `"${value}"`;

/** `192.168.1.0 255.255.255.0`, of an IPv4 subnet. */
export function withMask(subnet: Subnet): string {
  const mask = new Address(4, -1).withZeros(subnet.prefixLength);
  return `${subnet.address} ${mask}`;
}
