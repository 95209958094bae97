import { Address, type Target } from '../../network';

/** An address that must be reached by the routes, whatever else lies in their subnets. */
export interface Destination {
  readonly address: Address;
  /** For people: `a server of this site`. */
  readonly what: string;
}

/**
 * Destinations that routes must reach, from sources other than the list.
 * @param servers of the site's services, as the cluster sees them.
 */
export function destinationsOf(servers: readonly Address[], confirm: readonly Target[]): Destination[] {
  return [
    ...servers.map((address) => ({ address, what: 'a server of this site' })),
    ...confirm.map(({ host }) => ({ address: Address.parse(host), what: 'a target of confirm' })),
  ];
}
