import { createHash } from 'node:crypto';
import { STATE } from './banner';
import { fortigateCli } from './fortigate';
import { ipBatch, routesUnit, rulesUnit, sysctlConf } from './linux';
import { nftablesConf } from './nftables';
import { sheet } from './sheet';
import { swanctlConf } from './strongswan';
import type { Product, Tunnel } from './tunnel';
import { vyosCommands } from './vyos';

type Renderer = (tunnel: Tunnel) => string;

/** The files of each product, by file name. */
const FILES: Readonly<Record<Product, Readonly<Record<string, Renderer>>>> = {
  strongswan: {
    'swanctl.conf': swanctlConf,
    'nftables.conf': nftablesConf,
    'routes.batch': ipBatch,
    'sysctl.conf': sysctlConf,
    'rules.service': rulesUnit,
    'routes.service': routesUnit,
  },
  vyos: { 'vyos.set': vyosCommands },
  fortigate: { 'fortigate.conf': fortigateCli },
};

/** What the local router of a tunnel loads: file contents by file name. */
export function routerFiles(tunnel: Tunnel): Map<string, string> {
  const files: [string, Renderer][] = [
    ['README.md', sheet],
    ...tunnel.local.products.flatMap((product) => Object.entries(FILES[product])),
  ];
  return new Map(files.map(([name, render]) => [name, withState(render(tunnel))]));
}

/** The text, with the hash of its configuration in place of every STATE; the hash ignores comments. */
function withState(text: string): string {
  const configuration = text.split('\n').filter((line) => !/^\s*#/.test(line));
  return text.replaceAll(STATE, createHash('sha256').update(configuration.join('\n')).digest('hex').slice(0, 10));
}
