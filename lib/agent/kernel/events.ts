import { closeSync, read, writeSync } from 'node:fs';
import { MessageWriter, parseMessages } from '../netlink/codec';
import * as nl from '../netlink/constants';
import { openNetlink } from '../netlink/ffi';
import { type KernelEvent, readEvent } from './event';

const GROUPS = [
  nl.RTNLGRP_LINK,
  nl.RTNLGRP_IPV4_IFADDR,
  nl.RTNLGRP_IPV4_ROUTE,
  nl.RTNLGRP_IPV4_RULE,
  nl.RTNLGRP_IPV6_IFADDR,
  nl.RTNLGRP_IPV6_ROUTE,
  nl.RTNLGRP_IPV6_RULE,
  nl.RTNLGRP_NEXTHOP,
];
const RECEIVE_BUFFER = 8 * 1024 * 1024;
const READ_BYTES = 64 * 1024;
const ERROR_PAUSE_MS = 1_000;

/** Listens to the kernel's routing events; reads in the thread pool, so that the event loop stays free. */
export class KernelEvents {
  private readonly fd = openNetlink({ receiveBuffer: RECEIVE_BUFFER, groups: GROUPS });
  private readonly buffer = Buffer.alloc(READ_BYTES);
  private stopped = false;

  /**
   * @param ownPort events with this netlink port were caused by us and are left out.
   * @param handle called with each batch of events.
   */
  constructor(
    private readonly ownPort: () => number,
    private readonly handle: (events: readonly KernelEvent[]) => void,
  ) {
    this.readOn();
  }

  /** A blocked read keeps the process from ending, so a message to ourselves wakes it. */
  stop(): void {
    if (this.stopped) return;
    this.stopped = true;
    writeSync(
      this.fd,
      new MessageWriter()
        .begin(nl.NLMSG_NOOP, nl.NLM_F_REQUEST | nl.NLM_F_ACK, 0)
        .end()
        .finish(),
    );
  }

  private readOn(): void {
    read(this.fd, this.buffer, 0, this.buffer.length, null, (error, length) => {
      if (this.stopped) return closeSync(this.fd);
      this.handle(error ? [{ kind: 'overrun' }] : this.parse(length));
      // An error that stays (all but ENOBUFS) must not make us spin.
      if (error && error.code !== 'ENOBUFS') setTimeout(() => this.readOn(), ERROR_PAUSE_MS);
      else this.readOn();
    });
  }

  private parse(length: number): KernelEvent[] {
    try {
      const messages = parseMessages(this.buffer.subarray(0, length));
      return messages
        .filter(({ port }) => port === 0 || port !== this.ownPort())
        .flatMap((message) => readEvent(message) ?? []);
    } catch {
      return [{ kind: 'overrun' }];
    }
  }
}
