import type { Family } from '../network';

/**
 * Whether the node forwards packets that arrive on an interface (Documentation/networking/ip-sysctl.rst).
 * @param read returns the content of a file, or undefined if it does not exist.
 */
export function isForwarding(
  family: Family,
  name: string,
  read: (path: string) => string | undefined,
): boolean | undefined {
  const text = read(`/proc/sys/net/ipv${family}/conf/${name}/forwarding`);
  return text === undefined ? undefined : text.trim() !== '0';
}
