import type { NodeRoutes } from './charts';
import { externalServicesOf } from './charts/external-service/external-service';
import { nodeRoutesOf } from './charts/node-routes/node-routes';
import type { Site } from './charts/site/site';
import type { Mapping } from './network';
import type { SiteTopology } from './review';

/** The topology of a site, as plans and diagrams show it. */
export function topologyOf(site: Site): SiteTopology {
  const { cluster, networks } = site;
  const nodeRoutes = nodeRoutesOf(site);
  return {
    site: site.name,
    nodes: cluster.nodes.map(rangeOf),
    pods: cluster.podMappings.map(rangeOf),
    ...(cluster.podsSeenAs && { podsSeenAs: cluster.podsSeenAs }),
    privateNetworks: unique(nodeRoutes.flatMap(({ settings }) => settings.privateNetworks.map(String))),
    networks: networks.map(({ name, subnets, vpn }) => ({
      name,
      subnets: subnets.map(({ mapping }) => rangeOf(mapping)),
      ...(vpn && { vpn: { cluster: `${vpn.cluster.publicAddress}`, onPremise: `${vpn.onPremise.publicAddress}` } }),
    })),
    services: externalServicesOf(site).map(({ settings: { name, namespace, ports, servers } }) => ({
      name: `${namespace}/${name}`,
      ports: ports.map(({ port }) => port),
      servers: servers.map(({ network, real, mapped }) => ({
        network: networks.indexOf(network),
        subnet: network.subnets.findIndex(({ mapping }) => mapping.mapped.contains(mapped)),
        real: `${real}`,
      })),
    })),
    otherRoutes: otherRoutes(
      nodeRoutes,
      networks.flatMap(({ subnets }) => subnets.map(({ mapping }) => mapping)),
    ),
  };
}

/** Routes to subnets that belong to no network, by their next hops. */
function otherRoutes(nodeRoutes: readonly NodeRoutes[], known: readonly Mapping[]): SiteTopology['otherRoutes'] {
  const ofNetworks = new Set(known.map(({ mapped }) => `${mapped}`));
  const ways = new Map<string, Set<string>>();
  for (const { subnet, nextHops, interface: link } of nodeRoutes.flatMap((one) => one.ownRoutes)) {
    if (ofNetworks.has(`${subnet}`)) continue;
    const way = nextHops.length > 0 ? `via ${nextHops.join(', ')}` : (link ?? 'private side');
    ways.set(way, (ways.get(way) ?? new Set()).add(`${subnet}`));
  }
  return [...ways].map(([way, subnets]) => ({ way, subnets: [...subnets] }));
}

function rangeOf({ real, mapped, isTranslated }: Mapping): { real: string; mapped?: string } {
  return { real: `${real}`, ...(isTranslated && { mapped: `${mapped}` }) };
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}
