import fs = require('node:fs');

import { Messages, MessageWriter } from '../netlink/codec';
import * as nl from '../netlink/constants';
import type { EventSocket } from '../netlink/event-socket';
import { type KernelEvent, readEvent } from './event';

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
