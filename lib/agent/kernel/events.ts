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
  /** Reads one queued message, and returns its length in bytes; below 1 if none is queued. */
  readQueued(into: Uint8Array): number;
  /** How many messages were dropped from its full queue since it was opened, modulo 2^32. */
  dropped(): number;
}

/** File descriptor of the socket to listen on. */
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
/** Only a route with thousands of next hops is larger; it is truncated, and handled like a lost one. */
const LARGEST_MESSAGE = 32 * 1024;
const ERROR_PAUSE_MS = 1_000;

/**
 * Listens to the kernel's routing events. It waits for the first one in the thread pool, so that the event loop stays
 * free, and then reads all queued ones, one message per read.
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

  /** A blocked read keeps the process from exiting, so a message to ourselves wakes it. */
  stop(): void {
    if (this.stopped) return;
    this.stopped = true;
    fs.writeSync(this.socket.fd, new MessageWriter().begin(nl.NLMSG_NOOP, nl.NLM_F_ACK).end().finish());
  }

  private readOn(): void {
    fs.read(this.socket.fd, this.buffer, 0, this.buffer.length, null, (error, length) => {
      if (this.stopped) return fs.closeSync(this.socket.fd);
      this.handle(error ? [{ kind: 'overrun' }] : this.parse(this.takeQueued(length)));
      // A persistent error must not cause a busy loop.
      if (error) setTimeout(() => this.readOn(), ERROR_PAUSE_MS);
      else this.readOn();
    });
  }

  /** @returns how many bytes the buffer then contains. */
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
      // The kernel drops messages while the queue is full, so the count is final once the last queued message is read.
      const dropped = this.socket.dropped();
      if (dropped === this.dropped) return events;
      this.dropped = dropped;
    } catch {} // not understood: as good as lost
    return [{ kind: 'overrun' }];
  }
}

/** A kernel event that may concern routing. */
export type KernelEvent =
  /** `replaced`: it replaced the route with the same prefix and metric. */
  | { readonly kind: 'route'; readonly route: KernelRoute; readonly deleted: boolean; readonly replaced?: true }
  | { readonly kind: 'address'; readonly address: NodeAddress }
  | { readonly kind: 'link'; readonly index: number }
  | { readonly kind: 'nexthop' | 'rule' }
  /** Events were lost because the queue was full, or could not be read: anything may have happened. */
  | { readonly kind: 'overrun' };

/** @returns undefined for events that do not concern routing. */
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
