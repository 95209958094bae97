import type { Mapping } from '../network';
import { otherEnd, rulesOf, type Tunnel, type TunnelEnd } from '../routers';
import type { OnPremise } from './on-premise';
import type { Site } from './site';
import type { RouterSettings, VpnSettings } from './vpn-options';

/** Rules of the first network where nobody said otherwise: before those that masquerade, which commonly start at 100. */
const FIRST_RULE = 10;

/** A tunnel as its two routers see it, and the folder of each below routers/<site>/. */
export interface SiteTunnel {
  readonly network: OnPremise;
  readonly ends: readonly { readonly folder: string; readonly tunnel: Tunnel }[];
}

/** The tunnels to all networks that have a VPN. */
export function tunnelsOf(site: Site): SiteTunnel[] {
  let next = FIRST_RULE;
  return site.networks.flatMap((network) => {
    if (network.vpn === undefined) return [];
    const tunnel = tunnelOf(site, network, network.vpn, next);
    next = tunnel.firstRule + Math.ceil(rulesOf(tunnel) / 10) * 10;
    const theirs = { ...otherEnd(tunnel), firstRule: network.vpn.onPremise.firstRule ?? FIRST_RULE };
    return [
      {
        network,
        ends: [
          { folder: `cluster-to-${network.name}`, tunnel },
          { folder: `${network.name}-to-cluster`, tunnel: theirs },
        ],
      },
    ];
  });
}

/** As the cluster's router sees it. */
function tunnelOf(site: Site, network: OnPremise, vpn: VpnSettings, firstRule: number): Tunnel {
  const { ike, esp, mss } = vpn;
  return {
    site: site.name,
    network: network.name,
    local: endOf(vpn.cluster, `the nodes of ${site.name}`, site.cluster.nodes),
    remote: endOf(
      vpn.onPremise,
      `on-premise ${network.name}`,
      network.subnets.map(({ mapping }) => mapping),
    ),
    ike,
    esp,
    mss,
    initiates: true,
    firstRule: vpn.cluster.firstRule ?? firstRule,
  };
}

function endOf({ firstRule: _, ...router }: RouterSettings, what: string, subnets: readonly Mapping[]): TunnelEnd {
  return { ...router, what, subnets };
}
