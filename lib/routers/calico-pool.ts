import type { Subnet } from '../network';

/** Prefix lengths of Calico's blocks where none is named; a smaller pool needs smaller ones. */
const USUAL_BLOCK = { 4: 26, 6: 122 } as const;

/**
 * A Calico IP pool from which no pod gets an address. With natOutgoing Calico masquerades what leaves for an address
 * in none of its pools, so this one keeps what goes to an on-premise subnet from that. Without disableBGPExport
 * (Calico 3.21 and later) BIRD announces the subnet, and other routers send packets for on premise to the nodes.
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
