import { MessageWriter } from './codec';

/** Loaded on first use: `status` and `diff` do not need it, and Node warns that it is experimental. */
const ffi = () => require('node:ffi') as typeof import('node:ffi');
let opened: ReturnType<typeof open> | undefined;
const libc = () => (opened ??= open());

/**
 * Node has no netlink sockets, so libc's calls open one; from then on it is a file descriptor that node:fs reads and
 * writes. Only operations without a file equivalent go through libc: a non-blocking read, and the count of dropped
 * messages. The symbols come from the running process itself, so no library is searched for (this works with glibc and
 * musl).
 */
const open = () =>
  ffi().dlopen(null, {
    socket: { arguments: ['i32', 'i32', 'i32'], return: 'i32' },
    bind: { arguments: ['i32', 'buffer', 'u32'], return: 'i32' },
    getsockname: { arguments: ['i32', 'buffer', 'buffer'], return: 'i32' },
    setsockopt: { arguments: ['i32', 'i32', 'i32', 'buffer', 'u32'], return: 'i32' },
    getsockopt: { arguments: ['i32', 'i32', 'i32', 'buffer', 'buffer'], return: 'i32' },
    recv: { arguments: ['i32', 'buffer', 'u64', 'i32'], return: 'i64' },
  }).functions;

const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
const NETLINK_ROUTE = 0;
const SOL_SOCKET = 1;
/** arch/powerpc/include/uapi/asm/socket.h has its own. */
const SO_RCVTIMEO = process.arch === 'ppc64' ? 18 : 20;
const SO_ATTACH_FILTER = 26;
const SO_PEERCRED = process.arch === 'ppc64' ? 21 : 17;
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
/** linux/bpf_common.h: load the word at an offset, jump if equal, keep this many bytes of the message. */
const [BPF_LD_W_ABS, BPF_JEQ, BPF_RET] = [0x20, 0x15, 0x06];
const SIZEOF_SOCK_FILTER = 8;
/** In struct nlmsghdr. */
const OFFSET_OF_NLMSG_PID = 12;

/**
 * Opens a bound rtnetlink socket with extended acknowledgements and strict checking of dump requests.
 * @param receiveBuffer bytes.
 * @param receiveTimeout seconds after which a read without an answer fails with EAGAIN; 0 waits indefinitely.
 * @returns its file descriptor.
 * @throws Error naming the call that failed and what it needs.
 */
export function openNetlink(receiveBuffer: number, receiveTimeout = 0): number {
  const fd = check('socket(AF_NETLINK)', libc().socket(AF_NETLINK, SOCK_RAW_CLOEXEC, NETLINK_ROUTE));
  const address = new Uint8Array(SIZEOF_SOCKADDR_NL); // the family, and 0: the kernel chooses the port
  new Uint16Array(address.buffer)[0] = AF_NETLINK;
  check('bind(AF_NETLINK)', libc().bind(fd, address, address.length));
  set(fd, 'SO_RCVBUFFORCE', SOL_SOCKET, SO_RCVBUFFORCE, Int32Array.of(receiveBuffer));
  set(fd, 'NETLINK_EXT_ACK', SOL_NETLINK, NETLINK_EXT_ACK, Int32Array.of(1));
  set(fd, 'NETLINK_GET_STRICT_CHK', SOL_NETLINK, NETLINK_GET_STRICT_CHK, Int32Array.of(1));
  set(fd, 'SO_RCVTIMEO', SOL_SOCKET, SO_RCVTIMEO, BigInt64Array.of(BigInt(receiveTimeout), 0n)); // struct timeval
  return fd;
}

/**
 * Opens a socket that joins multicast groups (RTNLGRP_*). Messages that are lost because the queue is full are counted
 * instead of reported by ENOBUFS, after which the kernel would drop everything until the queue is empty.
 * @param cause socket whose own changes are excluded, so that writing 10,000 routes does not cause 10,000 events.
 */
export function openEventSocket(receiveBuffer: number, groups: readonly number[], cause: number) {
  const fd = openNetlink(receiveBuffer);
  leaveOut(fd, cause);
  set(fd, 'NETLINK_NO_ENOBUFS', SOL_NETLINK, NETLINK_NO_ENOBUFS, Int32Array.of(1));
  for (const group of groups)
    set(fd, `NETLINK_ADD_MEMBERSHIP ${group}`, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, Int32Array.of(group));
  return {
    fd,
    readQueued: (into: Uint8Array) => Number(libc().recv(fd, into, BigInt(into.length), MSG_DONTWAIT)),
    dropped: () => {
      const values = new Uint32Array(SK_MEMINFO_VARS);
      const length = Uint32Array.of(values.byteLength);
      check('getsockopt(SO_MEMINFO)', libc().getsockopt(fd, SOL_SOCKET, SO_MEMINFO, bytesOf(values), bytesOf(length)));
      return values[SK_MEMINFO_VARS - 1] as number;
    },
  };
}

/**
 * Attaches a classic BPF program (man 7 socket, SO_ATTACH_FILTER; struct sock_filter: code u16, jump if true and if false
 * u8, operand u32). It loads the port of the message's originator as if it were in network order.
 */
function leaveOut(fd: number, cause: number): void {
  const name = new Uint8Array(SIZEOF_SOCKADDR_NL);
  check('getsockname(AF_NETLINK)', libc().getsockname(cause, name, bytesOf(Uint32Array.of(name.length))));
  const port = new DataView(name.buffer).getUint32(4);
  const program = new MessageWriter();
  program.u16(BPF_LD_W_ABS).u16(0).u32(OFFSET_OF_NLMSG_PID);
  program.u16(BPF_JEQ).u8(0).u8(1).u32(port);
  program.u16(BPF_RET).u16(0).u32(0);
  program.u16(BPF_RET).u16(0).u32(-1); // keep all bytes
  const filter = BigUint64Array.of(0n, ffi().getRawPointer(program.finish())); // struct sock_fprog: length u16, pointer
  new Uint16Array(filter.buffer)[0] = program.length / SIZEOF_SOCK_FILTER;
  set(fd, 'SO_ATTACH_FILTER', SOL_SOCKET, SO_ATTACH_FILTER, filter);
}

function set(fd: number, name: string, level: number, option: number, value: NodeJS.TypedArray): void {
  check(`setsockopt(${name})`, libc().setsockopt(fd, level, option, bytesOf(value), value.byteLength));
}

function bytesOf({ buffer }: NodeJS.ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer as ArrayBuffer);
}

/** The user who listens on the other end of a Unix socket, as verified by the kernel (man 7 unix). */
export function peerUser(fd: number): number {
  const credentials = new Uint32Array(3); // struct ucred: pid, uid, gid
  const length = bytesOf(Uint32Array.of(credentials.byteLength));
  check('getsockopt(SO_PEERCRED)', libc().getsockopt(fd, SOL_SOCKET, SO_PEERCRED, bytesOf(credentials), length));
  return credentials[1] as number;
}

/** errno is not available through node:ffi, so the message says what the call needs. */
function check(call: string, result: number): number {
  if (result < 0)
    throw new Error(`${call} failed: the agent needs the host's network, CAP_NET_ADMIN and Linux 5.3 or later`);
  return result;
}
