import type { Subnet } from '../network';

/** Default prefix lengths of Calico's blocks. A smaller pool needs smaller blocks. */
const USUAL_BLOCK = { 4: 26, 6: 122 } as const;

/**
 * A Calico IP pool from which no pod gets an address. With natOutgoing, Calico masquerades packets to addresses outside
 * its pools, so this pool exempts packets to an on-premise subnet. Without disableBGPExport (Calico 3.21 and later),
 * BIRD would announce the subnet, and other routers would send packets for the on-premise network to the nodes.
 */
export function calicoPool(site: string, subnet: Subnet) {
  return {
    apiVersion: 'projectcalico.org/v3',
    kind: 'IPPool',
    metadata: { name: `${site}-${`${subnet}`.replace(/[^0-9a-z]+/g, '-')}` },
    spec: {
      cidr: `${subnet}`,
      blockSize: Math.max(USUAL_BLOCK[subnet.family], subnet.prefixLength),
      disabled: true,
      disableBGPExport: true,
      ipipMode: 'Never',
      vxlanMode: 'Never',
      natOutgoing: false,
    },
  };
}
