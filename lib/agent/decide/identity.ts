import type { Route } from '../../network';

/**
 * What the kernel tells routes apart by, like routeKey but made of bytes: the text of 10,000 subnets that were just read
 * from the kernel, and are needed by nobody, would cost more than the rest of a pass.
 */
export function identityOf({ subnet, table, metric }: Pick<Route, 'subnet' | 'table' | 'metric'>): string {
  const rest = String.fromCharCode(subnet.prefixLength, table & 0xffff, table >>> 16, metric & 0xffff, metric >>> 16);
  return String.fromCharCode(...subnet.address.bytes) + rest;
}
