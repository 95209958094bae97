import type { Family } from '../../network';
import { linesOf, placeOf, subnetIn, unknown } from './lines';
import type { RouterModel, StaticRoute } from './model';
import { readNftables } from './nftables';
import { readSwanctl } from './swanctl';

/** The files of a Linux router that determine what happens to packets, by name. */
export interface LinuxFiles {
  readonly 'swanctl.conf': string;
  readonly 'nftables.conf': string;
  readonly 'routes.batch': string;
  readonly 'sysctl.conf': string;
  readonly 'rules.service': string;
  readonly 'routes.service': string;
}

/** @param folder path of the folder in the repository @throws UnknownLine */
export function linuxModel(files: LinuxFiles, folder: string): RouterModel {
  const file = (name: keyof LinuxFiles): [string, string] => [`${folder}/${name}`, files[name]];
  requireStarted(...file('rules.service'), '/usr/sbin/nft -f ');
  requireStarted(...file('routes.service'), '/usr/sbin/ip -batch ');
  return {
    product: 'strongswan',
    ...readSwanctl(...file('swanctl.conf')),
    ...readNftables(...file('nftables.conf')),
    routes: readBatch(...file('routes.batch')),
    forwards: readForwarding(...file('sysctl.conf')),
    isClosed: false,
  };
}

/** Rules and routes that nothing loads do not count. */
function requireStarted(file: string, text: string, command: string): void {
  const started = linesOf(file, text).filter((line) => line.text.startsWith('ExecStart='));
  if (started.length === 1 && started[0]?.text.startsWith(`ExecStart=${command}/etc/onprem-link/`)) return;
  throw unknown(started[0] ?? { file, line: 1, text: `no ExecStart=${command}` });
}

const FORWARDING: Readonly<Record<string, Family>> = { 'net.ipv4.ip_forward': 4, 'net.ipv6.conf.all.forwarding': 6 };

function readForwarding(file: string, text: string): Set<Family> {
  const families = linesOf(file, text).flatMap((line) => {
    const [, key = '', value] = /^([\w.]+) = ([01])$/.exec(line.text) ?? [];
    const family = FORWARDING[key];
    if (family === undefined) throw unknown(line);
    return value === '1' ? [family] : [];
  });
  return new Set(families);
}

function readBatch(file: string, text: string): StaticRoute[] {
  return linesOf(file, text).map((line) => {
    const [, value, device] = /^route replace (\S+) via \S+ dev (\S+)$/.exec(line.text) ?? [];
    if (value === undefined || device === undefined) throw unknown(line);
    return { ...placeOf(line), subnet: subnetIn({ ...line, value }), device };
  });
}
