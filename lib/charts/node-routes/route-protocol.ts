import { readInteger, refuse } from '../../network';

/**
 * Which program marks routes with which number. Sources: rtnetlink.h, iproute2's rt_protos and the programs themselves.
 */
const TAKEN: readonly [first: number, last: number, by: string][] = [
  [1, 1, 'ICMP redirects'],
  [2, 2, 'the kernel'],
  [3, 3, 'ip route without a protocol, and the DaemonSet this one replaces'],
  [4, 4, 'administrators and network managers'],
  [8, 8, 'gated'],
  [9, 9, 'router advertisements'],
  [10, 10, 'Merit MRT'],
  [11, 11, 'zebra'],
  [12, 12, 'BIRD'],
  [13, 13, 'DECnet'],
  [14, 14, 'XORP'],
  [15, 15, 'Netsukuku'],
  [16, 16, 'DHCP clients'],
  [17, 17, 'kube-router'],
  [18, 18, 'keepalived'],
  [42, 42, 'Babel'],
  [80, 80, 'Calico'],
  [84, 84, 'OVN'],
  [99, 99, 'Open/R'],
  [186, 198, 'FRR'],
];

/** A route belongs to the program whose number it carries, so no other program may use ours. */
export function readRouteProtocol(value: unknown): number {
  const protocol = readInteger(value, 1, 255, 'route protocol');
  const taken = TAKEN.find(([first, last]) => first <= protocol && protocol <= last);
  if (taken === undefined) return protocol;
  throw refuse(value, `marks the routes of ${taken[2]}, which the agent would treat as its own`, 'use 142');
}
