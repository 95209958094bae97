import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatPromises, type Promises, type ServicePromise, type Subnet } from '../../network';
import { siteRoutersFolder } from '../vpn/router-files';
import type { VpnNetwork } from '../vpn/tunnels';
import type { Cluster } from './cluster';

/** What the constructs of a site promise. Each construct registers its own promises, so that none is forgotten. */
export interface Promised {
  /** Names of the networks, by the NodeRoutes that routes them. */
  readonly pools: Map<string, () => readonly string[]>;
  readonly services: Map<string, ServicePromise>;
}

interface PromisingSite {
  readonly name: string;
  readonly outdir: string;
  readonly cluster: Cluster;
  readonly networks: readonly VpnNetwork[];
  readonly promised: Promised;
}

function promisesOf({ cluster, networks, promised }: PromisingSite): Promises {
  const reals = (subnets: readonly { mapping: { real: Subnet } }[]) => subnets.map(({ mapping }) => mapping.real);
  return {
    nodes: cluster.nodes.map(({ real }) => real),
    pods: cluster.pods,
    podsSeenAs: cluster.podsSeenAs,
    hasPodRoutes: cluster.podsSeenAs === 'themselves' && networks.some(hasNextHopsOfPods),
    networks: new Map(
      networks.map(({ name, subnets, vpn }) => [
        name,
        { subnets: reals(subnets), hasVpn: vpn !== undefined, mapped: vpn === undefined ? mappedOf(subnets) : [] },
      ]),
    ),
    pools: new Map([...promised.pools].map(([name, reached]) => [name, reached()])),
    services: promised.services,
  };
}

const mappedOf = (subnets: VpnNetwork['subnets']) =>
  subnets.map(({ mapping }) => mapping).filter(({ isTranslated }) => isTranslated);

function hasNextHopsOfPods({ vpn }: VpnNetwork): boolean {
  const nextHops = vpn?.cluster.podNextHops ?? vpn?.cluster.insideNextHops ?? [];
  return nextHops.length > 0;
}

/** Writes routers/<site>/promises.json, for `npm run prove`. */
export function writePromises(site: PromisingSite): void {
  const folder = siteRoutersFolder(site.outdir, site.name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'promises.json'), formatPromises(promisesOf(site)));
}
