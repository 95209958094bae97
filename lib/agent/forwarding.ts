import type { Family } from '../network';

/**
 * Whether the node forwards packets that come in by an interface (Documentation/networking/ip-sysctl.rst).
 * @param read the content of a file, undefined when it is not there.
 */
export function isForwarding(
  family: Family,
  name: string,
  read: (path: string) => string | undefined,
): boolean | undefined {
  const text = read(`/proc/sys/net/ipv${family}/conf/${name}/forwarding`);
  return text === undefined ? undefined : text.trim() !== '0';
}
