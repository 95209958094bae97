import fs = require('node:fs');

import { isProbeTable } from '../../network';
import { Messages, MessageWriter } from '../netlink/codec';
import * as nl from '../netlink/constants';
import { readNodeAddress, readRoute } from './messages';
import { ruleTable } from './rules';
import type { KernelRoute, NodeAddress } from './types';

/** A netlink socket that has joined multicast groups. */
export interface EventSocket {
  readonly fd: number;
  /** Reads one message that is queued already, and returns its length in bytes; below 1 when none is. */
  readQueued(into: Uint8Array): number;
  /** How many messages did not fit into its queue since it was opened, modulo 2^32. */
  dropped(): number;
}

/** Of the socket to listen on. */
export const EVENT_GROUPS = [
  nl.RTNLGRP_LINK,
  nl.RTNLGRP_IPV4_IFADDR,
  nl.RTNLGRP_IPV4_ROUTE,
  nl.RTNLGRP_IPV4_RULE,
  nl.RTNLGRP_IPV6_IFADDR,
  nl.RTNLGRP_IPV6_ROUTE,
  nl.RTNLGRP_IPV6_RULE,
  nl.RTNLGRP_NEXTHOP,
];
const BATCH_BYTES = 64 * 1024;
/** Only a route with thousands of next hops is larger; it is cut, and as good as lost. */
const LARGEST_MESSAGE = 32 * 1024;
const ERROR_PAUSE_MS = 1_000;

/**
 * Listens to the kernel's routing events. The first is waited for in the thread pool, so that the event loop stays free;
 * what is queued behind it, one message a read, is taken along at once.
 */
export class KernelEvents {
  private readonly buffer = Buffer.alloc(BATCH_BYTES);
  private readonly messages = new Messages(this.buffer);
  private dropped = 0;
  private stopped = false;

  constructor(
    private readonly socket: EventSocket,
    private readonly handle: (events: readonly KernelEvent[]) => void,
  ) {
    this.readOn();
  }

  /** A blocked read keeps the process from ending, so a message to ourselves wakes it. */
  stop(): void {
    if (this.stopped) return;
    this.stopped = true;
    fs.writeSync(this.socket.fd, new MessageWriter().begin(nl.NLMSG_NOOP, nl.NLM_F_ACK).end().finish());
  }

  private readOn(): void {
    fs.read(this.socket.fd, this.buffer, 0, this.buffer.length, null, (error, length) => {
      if (this.stopped) return fs.closeSync(this.socket.fd);
      this.handle(error ? [{ kind: 'overrun' }] : this.parse(this.takeQueued(length)));
      // An error that stays must not make us spin.
      if (error) setTimeout(() => this.readOn(), ERROR_PAUSE_MS);
      else this.readOn();
    });
  }

  /** @returns how many bytes the buffer holds then. */
  private takeQueued(length: number): number {
    let end = length;
    while (end <= BATCH_BYTES - LARGEST_MESSAGE) {
      const taken = this.socket.readQueued(this.buffer.subarray(end));
      if (taken < 1) break;
      end += taken;
    }
    return end;
  }

  private parse(length: number): KernelEvent[] {
    try {
      const events: KernelEvent[] = [];
      const message = this.messages.of(length);
      while (message.next()) {
        const event = readEvent(message);
        if (event !== undefined) events.push(event);
      }
      // What does not fit is dropped while messages are queued, so the count is right when the last of them is read.
      const dropped = this.socket.dropped();
      if (dropped === this.dropped) return events;
      this.dropped = dropped;
    } catch {} // not understood: as good as lost
    return [{ kind: 'overrun' }];
  }
}

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
      return isProbeTable(ruleTable(message)) ? undefined : { kind: 'rule' };
    default:
      return undefined;
  }
}
