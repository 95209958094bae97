import { type Family, Subnet } from '../../network';
import type { Product } from '../tunnel';
import type { RouterFacts } from './facts';

/** A file, by its path in the repository, and a line number from 1. */
export interface Source {
  readonly file: string;
  readonly line?: number;
}

/** What one end of a VPN does to packets, according to its files. */
export interface RouterModel {
  readonly product: Product;
  readonly connection: Connection;
  /** CHILD_SAs that it is configured for. */
  readonly children: readonly Child[];
  /** Source NAT of outgoing packets: the first match applies. `to` equals `from` if nothing is translated. */
  readonly leaves: readonly Translation[];
  /** Destination NAT of incoming packets. */
  readonly enters: readonly Translation[];
  readonly clamps: readonly Clamp[];
  readonly routes: readonly StaticRoute[];
  /** Interfaces towards the other end; empty if the files do not say. */
  readonly outside: ReadonlySet<string>;
  readonly forwards: ReadonlySet<Family>;
  /**
   * Whether packets that match no translation are dropped, as on a FortiGate, where the translations come from
   * policies.
   */
  readonly isClosed: boolean;
}

export interface Connection extends Source {
  readonly localAddress: string;
  readonly remoteAddress: string;
  readonly localId: string;
  readonly remoteId: string;
  readonly initiates: boolean;
  /** Each as `aes256gcm sha384 20`: cipher, hash and Diffie-Hellman group. */
  readonly proposals: readonly string[];
}

export interface Child extends Source {
  readonly local: Subnet;
  readonly remote: Subnet;
  /** Whether this end initiates the tunnel. */
  readonly starts: boolean;
  readonly proposals: readonly string[];
}

/** Translates addresses in `from` to those in `to`, keeping the host part, in traffic with `peer`. */
export interface Translation extends Source {
  readonly from: Subnet;
  readonly to: Subnet;
  readonly peer: Subnet;
}

/** The largest TCP segment in both directions of traffic with `peer`. */
export interface Clamp extends Source {
  readonly peer: Subnet;
  readonly bytes: number;
}

export interface StaticRoute extends Source {
  readonly subnet: Subnet;
  readonly device?: string;
}

/**
 * The facts of a VyOS or a FortiGate, which are read without line numbers: each gets the line where its text first
 * occurs.
 */
export function modelOfFacts(facts: RouterFacts, product: Product, file: string, text: string): RouterModel {
  const lines = linesByWord(text);
  const at = (...all: readonly string[]): Source => {
    const [first = new Set<number>(), ...others] = all.map((word) => lines.get(word.split('/')[0] as string));
    const line = [...first].find((one) => others.every((other) => other?.has(one)));
    return line === undefined ? { file } : { file, line };
  };
  const words = (all: readonly string[]) =>
    all.map((one) => one.split(' ') as [string, string, string, string, string]);
  const proposal = (one: string) => one.split(' ').slice(0, 3).join(' ');
  return {
    product,
    connection: {
      ...at(facts.remoteAddress),
      localAddress: facts.localAddress,
      remoteAddress: facts.remoteAddress,
      localId: facts.localId,
      remoteId: facts.remoteId,
      initiates: facts.initiates,
      proposals: [proposal(facts.ike)],
    },
    children: words(facts.selectors).map(([local, remote]) => ({
      ...at(local, remote),
      local: Subnet.parse(local),
      remote: Subnet.parse(remote),
      starts: facts.initiates,
      proposals: [proposal(facts.esp)],
    })),
    leaves: words(facts.leaves).map(([real, , mapped, , peer]) => ({
      ...at(mapped),
      from: Subnet.parse(real),
      to: Subnet.parse(mapped),
      peer: Subnet.parse(peer),
    })),
    enters: words(facts.enters).map(([mapped, , real, , peer]) => ({
      ...at(mapped),
      from: Subnet.parse(mapped),
      to: Subnet.parse(real),
      peer: Subnet.parse(peer),
    })),
    clamps: words(facts.segments).map(([peer, bytes]) => ({
      ...at(bytes),
      peer: Subnet.parse(peer),
      bytes: Number(bytes),
    })),
    routes: words(facts.routes).map(([subnet]) => ({ ...at(subnet), subnet: Subnet.parse(subnet) })),
    outside: new Set(),
    forwards: new Set([4, 6]), // they are always routers
    isClosed: product === 'fortigate',
  };
}

/** The numbers of the lines that contain each address, or each other number. */
function linesByWord(text: string): Map<string, Set<number>> {
  const found = new Map<string, Set<number>>();
  text.split('\n').forEach((line, i) => {
    for (const [word] of line.matchAll(/[\da-f.:]+/gi)) found.set(word, (found.get(word) ?? new Set()).add(i + 1));
  });
  return found;
}
