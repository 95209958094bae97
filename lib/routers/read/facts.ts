import { mssOf, routesOf, selectorsOf, type Tunnel } from '../tunnel';

/**
 * The meaning of a router's configuration, in a form that is the same for the model and every product. Renderers are
 * tested by reading their output back into facts and comparing these with the model's.
 */
export interface RouterFacts {
  readonly localAddress: string;
  readonly remoteAddress: string;
  readonly localId: string;
  readonly remoteId: string;
  readonly initiates: boolean;
  /** `aes256gcm sha384 20 28800`; ESP with AES-GCM has no hash: `aes256gcm - 20 3600`. */
  readonly ike: string;
  readonly esp: string;
  /** `192.168.2.0/27 192.168.1.0/24`: local and remote traffic selectors of a CHILD_SA. */
  readonly selectors: readonly string[];
  /**
   * `10.0.1.0/27 as 192.168.2.0/27 to 192.168.1.0/24`: outgoing packets, their translated addresses, and their
   * destinations.
   */
  readonly leaves: readonly string[];
  /**
   * `192.168.2.0/27 is 10.0.1.0/27 from 192.168.1.0/24`: incoming packets, their translated destinations, and their
   * sources.
   */
  readonly enters: readonly string[];
  /** `192.168.1.0/24 1350`: the largest segment to and from a remote range. */
  readonly segments: readonly string[];
  /** `10.0.1.0/27 via 10.0.0.1`. */
  readonly routes: readonly string[];
}

/** The facts of the model. */
export function factsOf(tunnel: Tunnel): RouterFacts {
  const { local, remote, ike, esp } = tunnel;
  const pairs = selectorsOf(tunnel);
  const isAead = esp.encryption.endsWith('gcm');
  return sorted({
    localAddress: `${local.localAddress}`,
    remoteAddress: `${remote.publicAddress}`,
    localId: local.id,
    remoteId: remote.id,
    initiates: tunnel.initiates,
    ike: `${ike.encryption} ${ike.hash} ${ike.dhGroup} ${ike.lifetime}`,
    esp: `${esp.encryption} ${isAead ? '-' : esp.hash} ${esp.dhGroup} ${esp.lifetime}`,
    selectors: pairs.map((pair) => `${pair.local.mapped} ${pair.remote.mapped}`),
    leaves: pairs.map((pair) => `${pair.local.real} as ${pair.local.mapped} to ${pair.remote.mapped}`),
    enters: pairs.map((pair) => `${pair.local.mapped} is ${pair.local.real} from ${pair.remote.mapped}`),
    segments: pairs.map((pair) => `${pair.remote.mapped} ${mssOf(tunnel, pair.remote.real.family)}`),
    routes: routesOf(tunnel).map(({ subnet, nextHop }) => `${subnet} via ${nextHop}`),
  });
}

/** Sorted and without repetition, because neither has a meaning. */
export function sorted(facts: RouterFacts): RouterFacts {
  return Object.fromEntries(
    Object.entries(facts).map(([key, value]) => [key, Array.isArray(value) ? [...new Set(value)].sort() : value]),
  ) as unknown as RouterFacts;
}
