import type { DhGroup, Encryption, Hash, Product } from '../../routers';

/** The VPN to an on-premise network: what its two routers are configured by. There is no key in it, and no place for one. */
export interface VpnProps {
  /** The router of the cluster. It opens the tunnel. */
  readonly cluster: RouterProps;
  /** The router of the on-premise network. */
  readonly onPremise: RouterProps;
  /** Protection of IKE. */
  readonly ike?: ProposalProps;
  /** Protection of what goes through the tunnel; the group is that of perfect forward secrecy. */
  readonly esp?: ProposalProps;
  /**
   * Largest TCP segment in bytes, 520 to 1440; over IPv6 20 less, where VyOS takes no less than 500. ESP in UDP in an MTU of 1500 leaves 1388 of it.
   * @default 1350
   */
  readonly mss?: number;
}

/** One router. */
export interface RouterProps {
  /** Its address on the Internet. */
  readonly publicAddress: string;
  /** The address of its outside interface where a cloud translates the public address. @default publicAddress */
  readonly localAddress?: string;
  /** Its identity in IKE: an address, a domain name or user@domain. @default publicAddress */
  readonly id?: string;
  /** The interface towards the other router, by the name it has there, e.g. 'eth1'. */
  readonly outside: string;
  /** The interface towards its own subnets. */
  readonly inside: string;
  /** Next hops towards the other router, one per family. @default none: its default route leads there */
  readonly outsideNextHops?: readonly string[];
  /** Next hops towards its own subnets, one per family. @default none: they are connected */
  readonly insideNextHops?: readonly string[];
  /** What it runs: 'strongswan', 'vyos', 'fortigate'. One set of files is written for each. @default all, to choose from */
  readonly products?: readonly Product[];
  /**
   * The least number for a new rule where rules are numbered (VyOS; FortiGate adds 142000). Set it where numbers from 10
   * on are taken by rules of yours; new rules must come before any rule that masquerades. Numbers that were given before
   * stay as they are (routers/numbers.json). @default 10
   */
  readonly firstRule?: number;
}

/** Cryptography and how long keys last. What is weak cannot be chosen. */
export interface ProposalProps {
  /** 'aes256gcm', 'aes128gcm', 'aes256' or 'aes128' (CBC). @default 'aes256gcm' */
  readonly encryption?: Encryption;
  /** 'sha256', 'sha384' or 'sha512': the pseudo random function, and the integrity of CBC. @default 'sha384' */
  readonly hash?: Hash;
  /** Diffie-Hellman group: 14, 15, 16 (MODP), 19, 20, 21 (NIST curves) or 31 (Curve25519). @default 20 */
  readonly dhGroup?: DhGroup;
  /** Seconds after which new keys are made, 300 to 86400. @default 28800 for IKE, 3600 for ESP */
  readonly lifetime?: number;
}
