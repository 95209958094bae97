/** The model rendered for the routers of the VPN: pure, no I/O. */
export { fortigateInterface } from './fortigate-cli';
export { DH_GROUPS, type DhGroup, ENCRYPTIONS, type Encryption, HASHES, type Hash, type Proposal } from './proposal';
export { routerFiles } from './render';
export { keyFile } from './strongswan';
export { otherEnd, PRODUCTS, type Product, rulesOf, selectorsOf, type Tunnel, type TunnelEnd } from './tunnel';
