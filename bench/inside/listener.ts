/**
 * Runs inside a node's network namespace and tells, one JSON object a line, which routing events it read when. Bundled
 * by ../listen.ts for Node 26, with the agent's own netlink socket and codec.
 */
import { readSync, writeSync } from 'node:fs';
import { parseMessages } from '../../lib/agent/netlink/codec';

// Required, not imported: its types are Node 26's, which this folder is not compiled with.
const { openNetlink } = require('../../lib/agent/netlink/ffi') as {
  openNetlink(options: { receiveBuffer: number; groups: readonly number[] }): number;
};

const [LINK, IPV4_ROUTE, IPV6_ROUTE, NEXTHOP] = [1, 7, 11, 32];
const KINDS: Readonly<Record<number, string>> = { 16: 'link', 24: 'add', 25: 'del', 104: 'nexthop' };
const IFF_UP = 1;

const buffer = new Uint8Array(256 * 1024);
const fd = openNetlink({ receiveBuffer: 64 * 1024 * 1024, groups: [LINK, IPV4_ROUTE, IPV6_ROUTE, NEXTHOP] });
writeSync(1, '{"ready":true}\n');

for (;;) {
  const length = readSync(fd, buffer);
  // CLOCK_MONOTONIC, which all processes share.
  const at = Number(process.hrtime.bigint()) / 1e6;
  const counts: Record<string, number> = {};
  for (const { type, payload } of parseMessages(buffer.subarray(0, length))) {
    const kind = KINDS[type];
    if (kind === undefined) continue;
    const isRoute = kind === 'add' || kind === 'del';
    const isDown = kind === 'link' && (payload.u32(8) & IFF_UP) === 0;
    // rtm_protocol: the sixth byte of struct rtmsg.
    const name = isRoute ? `${kind} ${payload.u8(5)}` : isDown ? 'link down' : kind;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  writeSync(1, `${JSON.stringify({ at, counts })}\n`);
}
