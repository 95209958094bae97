import { type Address, parseHostAddress, readInteger, refuse } from '../../network';
import {
  DH_GROUPS,
  type DhGroup,
  ENCRYPTIONS,
  type Encryption,
  HASHES,
  type Hash,
  PRODUCTS,
  type Product,
  type Proposal,
} from '../../routers';
import { listOf, oneOf, readNested, type Schema, someOf } from '../input/schema';

/** The VPN to an on-premise network: the settings of its two routers. It never contains a pre-shared key. */
export interface VpnProps {
  /** The router of the cluster. It initiates the tunnel. */
  readonly cluster: RouterProps;
  /** The router of the on-premise network. */
  readonly onPremise: RouterProps;
  /** Cryptography of IKE. @default {}: the defaults of its fields */
  readonly ike?: ProposalProps;
  /**
   * Cryptography of the traffic in the tunnel; the group is used for perfect forward secrecy.
   * @default {}: the defaults of its fields
   */
  readonly esp?: ProposalProps;
  /**
   * Largest TCP segment in bytes, 520 to 1440. Over IPv6 it is 20 less, and VyOS accepts no less than 500. ESP in UDP
   * with an MTU of 1500 leaves 1388 bytes.
   * @default 1350
   */
  readonly mss?: number;
}

/** One router. */
export interface RouterProps {
  /** Its address on the Internet. */
  readonly publicAddress: string;
  /** The address of its outside interface, if a cloud translates the public address. @default publicAddress */
  readonly localAddress?: string;
  /** Its identity in IKE: an address, a domain name or user@domain. @default publicAddress */
  readonly id?: string;
  /** The interface towards the other router, by its name on this router, e.g. 'eth1'. */
  readonly outside: string;
  /** The interface towards its own subnets. */
  readonly inside: string;
  /** Next hops towards the other router, one per address family. @default none: the default route leads there */
  readonly outsideNextHops?: readonly string[];
  /** Next hops towards its own subnets, one per address family. @default none: they are directly connected */
  readonly insideNextHops?: readonly string[];
  /**
   * Next hops towards the pods, one per address family, for the cluster's router with podsSeenAs 'themselves'. With [],
   * it learns these routes by other means (BGP with the CNI, or a cloud network that routes pods). @default
   * insideNextHops
   */
  readonly podNextHops?: readonly string[];
  /**
   * The products that it runs: 'strongswan', 'vyos', 'fortigate'. One set of files is written for each.
   * @default all, for you to choose from
   */
  readonly products?: readonly Product[];
  /**
   * The lowest number for a new rule, for products that number rules (VyOS; FortiGate adds 142000). Set it if your own
   * rules use numbers from 10 on. New rules must come before any rule that masquerades. Existing numbers do not change
   * (routers/numbers.json). @default 10
   */
  readonly firstRule?: number;
}

/** Cryptography and key lifetime. Weak algorithms are not available. */
export interface ProposalProps {
  /** 'aes256gcm', 'aes128gcm', 'aes256' or 'aes128' (CBC). @default 'aes256gcm' */
  readonly encryption?: Encryption;
  /**
   * 'sha256', 'sha384' or 'sha512': the pseudo-random function, and the integrity algorithm with CBC.
   * @default 'sha384'
   */
  readonly hash?: Hash;
  /** Diffie-Hellman group: 14, 15, 16 (MODP), 19, 20, 21 (NIST curves) or 31 (Curve25519). @default 20 */
  readonly dhGroup?: DhGroup;
  /** Rekey interval in seconds, 300 to 86400. @default 28800 for IKE, 3600 for ESP */
  readonly lifetime?: number;
}

/** A router with defaults filled in. */
export interface RouterSettings {
  readonly publicAddress: Address;
  readonly localAddress: Address;
  readonly id: string;
  readonly outside: string;
  readonly inside: string;
  readonly outsideNextHops: readonly Address[];
  readonly insideNextHops: readonly Address[];
  readonly podNextHops: readonly Address[] | undefined;
  readonly products: readonly Product[];
  readonly firstRule: number | undefined;
}

/** A VPN with defaults filled in. */
export interface VpnSettings {
  readonly cluster: RouterSettings;
  readonly onPremise: RouterSettings;
  readonly ike: Proposal;
  readonly esp: Proposal;
  readonly mss: number;
}

interface GivenRouter extends Omit<RouterSettings, 'publicAddress' | 'localAddress' | 'id'> {
  readonly publicAddress: Address | undefined;
  readonly localAddress: Address | undefined;
  readonly id: string | undefined;
}

const ROUTER_SCHEMA: Schema<GivenRouter> = {
  publicAddress: { fallback: undefined, required: true, read: parseHostAddress },
  localAddress: { fallback: undefined, read: parseHostAddress },
  id: { fallback: undefined, read: readId },
  outside: { fallback: '', required: true, read: readInterfaceName },
  inside: { fallback: '', required: true, read: readInterfaceName },
  outsideNextHops: { fallback: [], read: readNextHops },
  insideNextHops: { fallback: [], read: readNextHops },
  podNextHops: { fallback: undefined, read: readNextHops },
  products: { fallback: PRODUCTS, read: someOf(oneOf(...PRODUCTS), 'name at least one') },
  firstRule: { fallback: undefined, read: (value) => readInteger(value, 1, 99_999, 'rule number') },
};

const proposalSchema = (lifetime: number): Schema<Proposal> => ({
  encryption: { fallback: 'aes256gcm', read: oneOf(...ENCRYPTIONS) },
  hash: { fallback: 'sha384', read: oneOf(...HASHES) },
  dhGroup: { fallback: 20, read: readDhGroup },
  lifetime: { fallback: lifetime, read: (value) => readInteger(value, 300, 86_400, 'lifetime in seconds') },
});

const readIke = readNested(proposalSchema(28_800));
const readEsp = readNested(proposalSchema(3_600));

const VPN_SCHEMA: Schema<VpnSettings> = {
  cluster: { fallback: undefined as never, required: true, read: readRouter },
  onPremise: { fallback: undefined as never, required: true, read: readRouter },
  ike: { fallback: readIke({}), read: readIke },
  esp: { fallback: readEsp({}), read: readEsp },
  mss: { fallback: 1350, read: (value) => readInteger(value, 520, 1440, 'segment size') },
};

/** @throws InputError with all findings. */
export const readVpn: (value: unknown) => VpnSettings = readNested(VPN_SCHEMA);

function readRouter(value: unknown): RouterSettings {
  const given = readNested(ROUTER_SCHEMA)(value);
  const publicAddress = given.publicAddress as Address;
  const localAddress = given.localAddress ?? publicAddress;
  if (localAddress.family !== publicAddress.family)
    throw refuse(
      `${localAddress}`,
      `is not of the same address family as ${publicAddress}`,
      'use addresses of the same family',
    );
  return { ...given, publicAddress, localAddress, id: given.id ?? `${publicAddress}` };
}

/** Characters that every product accepts and that none treats as the end of a word. */
function readInterfaceName(value: unknown): string {
  if (typeof value === 'string' && /^[A-Za-z0-9][-\w.]{0,14}$/.test(value)) return value;
  throw refuse(value, 'is not a valid interface name', 'write 1 to 15 letters, digits, "-", "_" and ".", e.g. "eth1"');
}

function readId(value: unknown): string {
  if (typeof value === 'string' && /^[A-Za-z0-9][-\w.:@]{0,63}$/.test(value)) return value;
  throw refuse(value, 'is not an IKE identity', 'write an address, a domain name or user@domain');
}

function readNextHops(value: unknown): Address[] {
  const hops = listOf(parseHostAddress)(value);
  if (new Set(hops.map(({ family }) => family)).size === hops.length) return hops;
  throw refuse(value, 'has several next hops of one family', 'write one per family');
}

function readDhGroup(value: unknown): DhGroup {
  if (typeof value === 'number' && value in DH_GROUPS) return value as DhGroup;
  const known = Object.keys(DH_GROUPS).join(', ');
  throw refuse(value, 'is not a group that is strong enough and supported by all routers', `write one of ${known}`);
}
