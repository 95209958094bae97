import { createHash } from 'node:crypto';
import type { Subnet } from '../network';
import type { Tunnel } from './tunnel';

/** FortiOS allows 15 characters in the name of an interface, and a tunnel is an interface. */
const LONGEST_INTERFACE_NAME = 15;
/** FortiOS allows 79 in the name of an address; the rest is for the role and the prefix. */
const LONGEST_OBJECT_BASE = 40;

/** The tunnel's name on both routers: `example-datacentre`. The names of all its objects begin with it. */
export function tunnelName({ site, networks }: Pick<Tunnel, 'site' | 'networks'>): string {
  return `${site}-${networks[0]}`;
}

/** `192-168-1-0-24`, for names that may contain neither dots nor slashes. */
export function prefixInName(subnet: Subnet): string {
  return `${subnet}`.replace(/[.:/]/g, '-');
}

/** The name of the tunnel's interface on a FortiGate. */
export function fortigateInterface(name: string): string {
  return shortened(name, LONGEST_INTERFACE_NAME);
}

/** The name of one of the tunnel's objects on a FortiGate, `example-datacentre-near-10.0.1.0_27`. */
export function fortigateObject(name: string, role: string, subnet: Subnet): string {
  return `${shortened(name, LONGEST_OBJECT_BASE)}-${role}-${subnet.address}_${subnet.prefixLength}`;
}

/** A unique name of at most this many characters: no other long name is shortened to it. */
function shortened(name: string, most: number): string {
  if (name.length <= most) return name;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 4);
  return `${name.slice(0, most - 5).replace(/-$/, '')}-${hash}`;
}
