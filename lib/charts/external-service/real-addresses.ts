import type { Server } from '../site/on-premise';

/** Annotation for people: the real servers behind the addresses of an object. */
export const REAL_ADDRESSES = 'onprem-link/real-addresses';

/**
 * A Service may have thousands of servers. The rest are listed on its slices, each of which holds at most this many.
 */
const MOST_SERVERS = 100;

/**
 * An annotation with the real address behind each mapped one: `192.168.1.10 is 10.0.1.10 (datacentre)`. None if nothing
 * is mapped.
 */
export function realAddresses(servers: readonly Server[]): Record<string, string> {
  const translated = servers.filter(({ real, mapped }) => !real.equals(mapped));
  if (translated.length === 0) return {};
  const told = translated
    .slice(0, MOST_SERVERS)
    .map(({ real, mapped, network }) => `${mapped} is ${real} (${network.name})`);
  const left = translated.length - told.length;
  return { [REAL_ADDRESSES]: [...told, ...(left > 0 ? [`and ${left} more`] : [])].join(', ') };
}
