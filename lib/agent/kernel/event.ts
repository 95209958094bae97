import type { Messages } from '../netlink/codec';
import * as nl from '../netlink/constants';
import { readNodeAddress, readRoute } from './messages';
import type { KernelRoute, NodeAddress } from './types';

/** Something that happened in the kernel, as far as it may concern routing. */
export type KernelEvent =
  /** `replaced`: it took the place of the one of the same prefix and metric. */
  | { readonly kind: 'route'; readonly route: KernelRoute; readonly deleted: boolean; readonly replaced?: true }
  | { readonly kind: 'address'; readonly address: NodeAddress }
  | { readonly kind: 'link'; readonly index: number }
  | { readonly kind: 'nexthop' | 'rule' }
  /** Events were lost for want of room, or could not be read: anything may have happened. */
  | { readonly kind: 'overrun' };

/** @returns undefined for what does not concern routing. */
export function readEvent(message: Messages): KernelEvent | undefined {
  const { type } = message;
  switch (type) {
    case nl.RTM_NEWROUTE:
    case nl.RTM_DELROUTE: {
      const route = readRoute(message);
      const isReplaced = type === nl.RTM_NEWROUTE && (message.flags & nl.NLM_F_REPLACE) !== 0;
      return (
        route && { kind: 'route', route, deleted: type === nl.RTM_DELROUTE, ...(isReplaced && { replaced: true }) }
      );
    }
    case nl.RTM_NEWADDR:
    case nl.RTM_DELADDR: {
      const address = readNodeAddress(message);
      return address && { kind: 'address', address };
    }
    case nl.RTM_NEWLINK:
    case nl.RTM_DELLINK:
      return { kind: 'link', index: message.i32(4) };
    case nl.RTM_NEWNEXTHOP:
    case nl.RTM_DELNEXTHOP:
      return { kind: 'nexthop' };
    case nl.RTM_NEWRULE:
    case nl.RTM_DELRULE:
      return { kind: 'rule' };
    default:
      return undefined;
  }
}
