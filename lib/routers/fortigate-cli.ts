import { Address, type Subnet } from '../network';

/** What FortiOS allows in the name of an interface, and a tunnel is one. */
export const LONGEST_INTERFACE_NAME = 15;

/** The name of the tunnel's interface. */
export function fortigateInterface(network: string): string {
  return network.slice(0, LONGEST_INTERFACE_NAME).replace(/-$/, '');
}

/** One object in a `config` block: its name or number, a comment, and what is set. */
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

/** A name of ours and its number, from 1 on. */
export const name = (base: string, i: number) => `${base}-${i + 1}`;
