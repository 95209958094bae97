import { fortigateCli } from './fortigate';
import { ipBatch, sysctlConf } from './linux';
import { nftablesConf } from './nftables';
import { swanctlConf } from './strongswan';
import type { Product, Tunnel } from './tunnel';
import { vyosCommands } from './vyos';

type Renderer = (tunnel: Tunnel) => string;

/** The files of each product by their names. */
const FILES: Readonly<Record<Product, Readonly<Record<string, Renderer>>>> = {
  strongswan: {
    'swanctl.conf': swanctlConf,
    'nftables.conf': nftablesConf,
    'routes.batch': ipBatch,
    'sysctl.conf': sysctlConf,
  },
  vyos: { 'vyos.set': vyosCommands },
  fortigate: { 'fortigate.conf': fortigateCli },
};

/** What the local router of a tunnel loads: texts by file name. */
export function routerFiles(tunnel: Tunnel): Map<string, string> {
  const files = tunnel.local.products.flatMap((product) => Object.entries(FILES[product]));
  return new Map(files.map(([name, render]) => [name, render(tunnel)]));
}
