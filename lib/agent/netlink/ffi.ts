import ffi = require('node:ffi');

import type { EventSocket } from './event-socket';

/**
 * Node has no netlink sockets, so libc's socket, bind and setsockopt open one; from then on it is a file descriptor that
 * node:fs reads and writes. Only what has no file operation goes through libc: a read that does not wait, and the count
 * of what the kernel dropped. The symbols are those of the running process itself, so no library is looked for (glibc and
 * musl alike).
 */
const { functions: libc } = ffi.dlopen(null, {
  socket: { arguments: ['i32', 'i32', 'i32'], return: 'i32' },
  bind: { arguments: ['i32', 'buffer', 'u32'], return: 'i32' },
  setsockopt: { arguments: ['i32', 'i32', 'i32', 'buffer', 'u32'], return: 'i32' },
  getsockopt: { arguments: ['i32', 'i32', 'i32', 'buffer', 'buffer'], return: 'i32' },
  recv: { arguments: ['i32', 'buffer', 'u64', 'i32'], return: 'i64' },
});

const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
const NETLINK_ROUTE = 0;
const SOL_SOCKET = 1;
/** arch/powerpc/include/uapi/asm/socket.h has its own. */
const SO_RCVTIMEO = process.arch === 'ppc64' ? 18 : 20;
const SO_RCVBUFFORCE = 33;
const SO_MEMINFO = 55;
/** u32 values, of which the last counts the dropped messages (SK_MEMINFO_* in include/uapi/linux/sock_diag.h). */
const SK_MEMINFO_VARS = 9;
const MSG_DONTWAIT = 0x40;
const SOL_NETLINK = 270;
const NETLINK_ADD_MEMBERSHIP = 1;
const NETLINK_NO_ENOBUFS = 5;
const NETLINK_EXT_ACK = 11;
const NETLINK_GET_STRICT_CHK = 12;
const SIZEOF_SOCKADDR_NL = 12;

export interface NetlinkOptions {
  /** Receive buffer in bytes. */
  readonly receiveBuffer: number;
  /** Seconds after which a read that nothing answers fails with EAGAIN; 0 waits for ever. @default 0 */
  readonly receiveTimeout?: number;
}

/**
 * Opens a bound rtnetlink socket with extended acknowledgements and strict checking of dump requests.
 * @returns its file descriptor.
 * @throws Error naming the call that failed and what it needs.
 */
export function openNetlink(options: NetlinkOptions): number {
  const fd = check('socket(AF_NETLINK)', libc.socket(AF_NETLINK, SOCK_RAW_CLOEXEC, NETLINK_ROUTE));
  const address = new Uint8Array(SIZEOF_SOCKADDR_NL); // the family, and 0: the kernel chooses the port
  new Uint16Array(address.buffer)[0] = AF_NETLINK;
  check('bind(AF_NETLINK)', libc.bind(fd, address, address.length));
  set(fd, 'SO_RCVBUFFORCE', SOL_SOCKET, SO_RCVBUFFORCE, Int32Array.of(options.receiveBuffer));
  set(fd, 'NETLINK_EXT_ACK', SOL_NETLINK, NETLINK_EXT_ACK, Int32Array.of(1));
  set(fd, 'NETLINK_GET_STRICT_CHK', SOL_NETLINK, NETLINK_GET_STRICT_CHK, Int32Array.of(1));
  if (options.receiveTimeout) {
    set(fd, 'SO_RCVTIMEO', SOL_SOCKET, SO_RCVTIMEO, BigInt64Array.of(BigInt(options.receiveTimeout), 0n)); // struct timeval
  }
  return fd;
}

/**
 * Opens a socket that joins multicast groups (RTNLGRP_*). What is lost of their messages for want of room is not told by
 * ENOBUFS, after which the kernel drops everything until the queue is empty, but counted.
 */
export function openEventSocket(receiveBuffer: number, groups: readonly number[]): EventSocket {
  const fd = openNetlink({ receiveBuffer });
  set(fd, 'NETLINK_NO_ENOBUFS', SOL_NETLINK, NETLINK_NO_ENOBUFS, Int32Array.of(1));
  for (const group of groups)
    set(fd, `NETLINK_ADD_MEMBERSHIP ${group}`, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, Int32Array.of(group));
  return {
    fd,
    readQueued: (into) => Number(libc.recv(fd, into, BigInt(into.length), MSG_DONTWAIT)),
    dropped: () => {
      const values = new Uint32Array(SK_MEMINFO_VARS);
      const length = Uint32Array.of(values.byteLength);
      check('getsockopt(SO_MEMINFO)', libc.getsockopt(fd, SOL_SOCKET, SO_MEMINFO, bytesOf(values), bytesOf(length)));
      return values[SK_MEMINFO_VARS - 1] as number;
    },
  };
}

function set(fd: number, name: string, level: number, option: number, value: Int32Array | BigInt64Array): void {
  check(`setsockopt(${name})`, libc.setsockopt(fd, level, option, bytesOf(value), value.byteLength));
}

function bytesOf({ buffer }: NodeJS.ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer as ArrayBuffer);
}

/** errno is not to be had through node:ffi, so the message says what the call needs. */
function check(call: string, result: number): number {
  if (result < 0)
    throw new Error(`${call} failed: the agent needs the host's network, CAP_NET_ADMIN and Linux 5.3 or later`);
  return result;
}
