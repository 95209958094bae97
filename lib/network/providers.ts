import { Subnet } from './subnet';

/** A range that a cloud keeps for itself. */
export interface ProviderRange {
  readonly subnet: string;
  readonly what: string;
  /**
   * `any`: nothing that overlaps it may be routed. `whole`: parts of it may, only all of it (or more) may not, since that
   * would be the cloud's own route.
   */
  readonly refused: 'any' | 'whole';
}

/**
 * What each cloud keeps for itself and an on-premise network reached from a cluster there must not use.
 *
 * - ibm: the static-routes add-on of IBM Cloud Kubernetes Service refuses these (its documentation, "Adding static
 *   routes"). Of 10.0.0.0/8 it refuses every part; here the parts are allowed, since only those that are subnets of the
 *   cluster's own would do harm, and these are known.
 * - azure: 168.63.129.16 is the platform's DNS, DHCP and health probe (Azure virtual network FAQ).
 */
export const PROVIDERS = {
  ibm: [
    { subnet: '10.0.0.0/8', what: "IBM Cloud's private network", refused: 'whole' },
    { subnet: '166.8.0.0/14', what: 'reserved by IBM Cloud for private service endpoints', refused: 'any' },
    { subnet: '172.16.0.0/16', what: 'reserved by IBM Cloud', refused: 'any' },
    { subnet: '172.18.0.0/16', what: 'reserved by IBM Cloud', refused: 'any' },
    { subnet: '172.19.0.0/16', what: 'reserved by IBM Cloud', refused: 'any' },
    { subnet: '172.20.0.0/16', what: 'reserved by IBM Cloud', refused: 'any' },
  ],
  azure: [{ subnet: '168.63.129.16/32', what: "Azure's platform address", refused: 'any' }],
} as const satisfies Readonly<Record<string, readonly ProviderRange[]>>;

/** A cloud whose ranges are known. */
export type Provider = keyof typeof PROVIDERS;

/** The range of the cloud's own that such a subnet would take; undefined when it may be routed. */
export function providerRange(provider: Provider, subnet: Subnet): ProviderRange | undefined {
  const ranges: readonly ProviderRange[] = PROVIDERS[provider];
  return ranges.find(({ subnet: text, refused }) => {
    const kept = Subnet.parse(text);
    return refused === 'any' ? kept.overlaps(subnet) : subnet.contains(kept);
  });
}
