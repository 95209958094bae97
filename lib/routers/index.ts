/** Renders the model for the routers of the VPN: pure, no I/O. */
export { calicoPool } from './calico-pool';
export { changeFiles, type EndFiles, routerOf } from './change';
export { fortigateInterface, tunnelName } from './names';
export { readNumberBook, writeNumberBook } from './number-book';
export { allot, clashes, NUMBERED_LISTS, type NumberBook, release, retire } from './numbers';
export { DH_GROUPS, type DhGroup, ENCRYPTIONS, type Encryption, HASHES, type Hash, type Proposal } from './proposal';
export { routerFiles } from './render';
export {
  isOfPods,
  learnedPods,
  numberedEnd,
  otherEnd,
  PRODUCT_NAMES,
  PRODUCTS,
  type Product,
  selectorsOf,
  type Tunnel,
  type TunnelEnd,
  type TunnelPods,
  type Unnumbered,
} from './tunnel';
