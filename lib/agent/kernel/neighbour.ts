import type { Address } from '../../network';
import type { MessageWriter, Reader } from '../netlink/codec';
import * as nl from '../netlink/constants';
import { numberOf } from './messages';

const SIZEOF_NDMSG = 12;

/** The neighbour to look up: a next hop on its link. */
export interface NeighbourKey {
  readonly address: Address;
  /** Interface index. */
  readonly link: number;
}

/** An entry of the kernel's neighbour tables (man 7 arp, RFC 4861 7.3.2). */
export interface Neighbour {
  /** NUD_*, one bit. */
  readonly state: number;
  /** NTF_*. */
  readonly flags: number;
  /** The kernel keeps querying it on behalf of another program (a CNI); our query would end that. */
  readonly isManaged?: true;
}

/** Reads one entry; the kernel answers ENOENT if there is none. */
export function getNeighbour(w: MessageWriter, key: NeighbourKey): void {
  w.begin(nl.RTM_GETNEIGH);
  ndmsg(w, key, nl.NUD_NONE, 0);
}

/** struct ndmsg: family, pad, pad u16, interface index, state u16, flags, type. */
export function readNeighbour(payload: Reader): Neighbour {
  const extended = payload.attribute(nl.NDA_FLAGS_EXT, SIZEOF_NDMSG)?.u32() ?? 0;
  const isManaged = (extended & nl.NTF_EXT_MANAGED) !== 0;
  return { state: payload.u16(8), flags: payload.u8(10), ...(isManaged && { isManaged }) };
}

/** The request that makes the kernel query a neighbour. */
export interface NeighbourQuestion {
  readonly key: NeighbourKey;
  /** NUD_PROBE to verify it, NUD_NONE to create it. */
  readonly state: number;
  /** NTF_*. */
  readonly flags: number;
}

/**
 * Makes the kernel query a neighbour now, as it does by itself about every half minute: by unicast if its hardware
 * address is known, otherwise on the whole link. Only ARP or neighbour discovery packets are sent. (neigh_add in
 * net/core/neighbour.c: NTF_USE creates an entry and starts to resolve it, NUD_PROBE verifies one; flags that are not
 * repeated are cleared.)
 * @returns undefined if no query is needed: the kernel is already querying, or the address was set manually.
 */
export function questionTo(key: NeighbourKey, known: Neighbour | undefined): NeighbourQuestion | undefined {
  if (known?.isManaged) return undefined;
  const { state, flags } = known ?? { state: nl.NUD_NONE, flags: 0 };
  if ((state & (nl.NUD_REACHABLE | nl.NUD_STALE | nl.NUD_DELAY)) !== 0) return { key, state: nl.NUD_PROBE, flags };
  if (state !== nl.NUD_NONE && state !== nl.NUD_FAILED) return undefined;
  return { key, state: nl.NUD_NONE, flags: flags | nl.NTF_USE };
}

export function askNeighbour(w: MessageWriter, { key, state, flags }: NeighbourQuestion): void {
  w.begin(nl.RTM_NEWNEIGH, state === nl.NUD_NONE ? nl.NLM_F_CREATE : 0);
  ndmsg(w, key, state, flags);
}

function ndmsg(w: MessageWriter, { address, link }: NeighbourKey, state: number, flags: number): void {
  w.u8(numberOf(address.family)).u8(0).u16(0).u32(link).u16(state).u8(flags).u8(0);
  w.attributeWords(nl.NDA_DST, address);
}
