import { Subnet } from './subnet';

/** A range that a cloud reserves. */
export interface ProviderRange {
  readonly subnet: string;
  readonly what: string;
  /**
   * `any`: nothing that overlaps it may be routed. `whole`: parts of it may be routed, but not all of it (or more),
   * because that would be the cloud's own route.
   */
  readonly refused: 'any' | 'whole';
}

/**
 * The ranges that each cloud reserves. An on-premise network that is reached from a cluster there must not use them.
 *
 * - ibm: the static-routes add-on of IBM Cloud Kubernetes Service rejects these (its documentation, "Adding static
 *   routes"). It also rejects every part of 10.0.0.0/8. Parts are allowed here, because only the cluster's own subnets
 *   would do harm, and these are known.
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

/** A cloud whose reserved ranges are known. */
export type Provider = keyof typeof PROVIDERS;

/** The cloud's reserved range that a subnet would take; undefined if it may be routed. */
export function providerRange(provider: Provider, subnet: Subnet): ProviderRange | undefined {
  const ranges: readonly ProviderRange[] = PROVIDERS[provider];
  return ranges.find(({ subnet: text, refused }) => {
    const kept = Subnet.parse(text);
    return refused === 'any' ? kept.overlaps(subnet) : subnet.contains(kept);
  });
}
