import { type Product, routerTitle, type Tunnel } from './tunnel';

/** Placeholder for the hash of a file's state until the file is complete; see withState. */
export const STATE = '@state@';

/** How far the files of each product have been tested; a reader cannot see that from the file. */
const TRIED: Readonly<Record<Product, string>> = {
  strongswan:
    'Requires strongSwan 5.9, nftables 1.0 and Linux 5.6 or later. Tested with strongSwan 5.9.8 and nftables 1.0.6.',
  vyos: 'Requires VyOS 1.4 or later. Checked against the command definitions of 1.4, 1.5 and current; never loaded into a device.',
  fortigate: 'Requires FortiOS 7.0 or later. Checked against the options of 7.0 and later; never loaded into a device.',
};

/**
 * The header of every file: which router it is for, its source, and the state that it leads to.
 * @param mark the start of a comment.
 */
export function banner({ site, networks, local }: Tunnel, product: Product, mark: string): string {
  return [
    `VPN of site ${site} to on-premise ${networks.join(' and ')}, for ${routerTitle(local)}.`,
    'Written by npm run synth. Change the site, not this file.',
    `Router ${local.publicAddress}, state ${STATE}.`,
    TRIED[product],
  ]
    .map((line) => `${mark} ${line}`)
    .join('\n');
}
