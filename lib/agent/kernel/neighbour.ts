import type { Address } from '../../network';
import type { MessageWriter, Reader } from '../netlink/codec';
import * as nl from '../netlink/constants';
import { numberOf } from './messages';

const SIZEOF_NDMSG = 12;

/** Who is asked for: a next hop on its link. */
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
  /** The kernel keeps asking by itself, for somebody who wants that (a CNI); asking would end it. */
  readonly isManaged?: true;
}

/** Reads one entry; the kernel answers ENOENT where there is none. */
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

/** What makes the kernel ask a neighbour. */
export interface NeighbourQuestion {
  readonly key: NeighbourKey;
  /** NUD_PROBE to verify it, NUD_NONE to create it. */
  readonly state: number;
  /** NTF_*. */
  readonly flags: number;
}

/**
 * Makes the kernel ask a neighbour now whether it is still there, as it does by itself every half minute or so: where its
 * hardware address is known by that, else everybody on the link. Nothing but ARP or neighbour discovery is sent.
 * (neigh_add in net/core/neighbour.c: NTF_USE creates an entry and starts to resolve it, NUD_PROBE verifies one; flags
 * that are not repeated would be cleared.)
 * @returns undefined where there is nothing to ask: the kernel is at it, or the address was set by hand.
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
