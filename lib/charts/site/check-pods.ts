import { type Findings, type Mapping, overlappingPairs, without } from '../../network';
import { placeIn } from '../input/schema';
import type { Scope } from './scope';

/**
 * `podsSeenAs` must agree with everything else known about the cluster, and the VPN must carry the addresses that
 * packets will have.
 */
export function checkPods(site: Scope, findings: Findings): void {
  if (site.cluster.podsSeenAs === 'themselves') checkThemselves(site, findings);
  else tellNeedless(site, findings);
  if (site.cluster.podsSeenAs === 'nodes') checkMasqueradeAddress(site, findings);
  if (site.cluster.podsSeenAs !== undefined) checkSources(site, findings);
}

const inCluster = (site: Scope, option: string) => placeIn(site.place, `cluster.${option}`);

/** Options that have a meaning only if pods keep their own addresses. */
function tellNeedless(site: Scope, findings: Findings): void {
  const { podMappings, calicoPool } = site.cluster;
  podMappings.forEach((pods, i) => {
    if (!pods.isTranslated) return;
    const remedy = `write "${pods.real}" alone, or podsSeenAs: 'themselves' if no masquerade takes place (docs/pods.md)`;
    findings.add(
      inCluster(site, `pods[${i}]`),
      `${pods}`,
      "is mapped, but on-premise servers see the node's address",
      remedy,
    );
  });
  if (!calicoPool) return;
  const reason = "keeps the pods' addresses, but podsSeenAs says that on-premise servers see the nodes";
  findings.add(inCluster(site, 'calicoPool'), true, reason, "write podsSeenAs: 'themselves', or leave it out");
}

function checkThemselves(site: Scope, findings: Findings): void {
  const { masqueradeAll, calicoPool } = site.cluster;
  if (masqueradeAll) {
    const reason =
      "makes kube-proxy masquerade packets from pods to Services, which contradicts podsSeenAs 'themselves'";
    findings.add(
      inCluster(site, 'masqueradeAll'),
      true,
      reason,
      "switch it off in kube-proxy, or write podsSeenAs: 'nodes'",
    );
  }
  if (site.provider === 'ibm' && !calicoPool) {
    const reason =
      "contradicts provider 'ibm', whose Calico has natOutgoing on, so packets leave with their node's address";
    findings.add(
      inCluster(site, 'podsSeenAs'),
      'themselves',
      reason,
      "write 'nodes', or add calicoPool: true, which exempts the on-premise subnets",
    );
  }
  checkRanges(site, findings);
}

/** Every address must have exactly one translation and one selector. */
function checkRanges(site: Scope, findings: Findings): void {
  const { nodes, podMappings } = site.cluster;
  podMappings.forEach((pods, i) => {
    for (const one of nodes.filter(({ real }) => real.overlaps(pods.real)))
      tellSharedWithNodes(inCluster(site, `pods[${i}]`), pods, one, findings);
  });
  const tagged = podMappings.map((mapping, i) => ({ subnet: mapping.real, i }));
  for (const [outer, inner] of overlappingPairs(tagged)) {
    const reason = `overlaps ${outer.subnet}, so that one address would have two traffic selectors`;
    findings.add(inCluster(site, `pods[${inner.i}]`), `${inner.subnet}`, reason, 'keep one of the two');
  }
}

/** In a flat network, pods may lie in the nodes' range, whose selector carries them. */
function tellSharedWithNodes(place: string, pods: Mapping, nodes: Mapping, findings: Findings): void {
  if (!nodes.real.contains(pods.real)) {
    const left = without(pods.real, nodes.real).slice(0, 8).join(', ');
    const reason = `contains the nodes ${nodes.real}, so that one address would have two traffic selectors`;
    findings.add(place, `${pods}`, reason, `list the rest of it (${left})`);
  } else if (pods.isTranslated) {
    const reason = `lies in the nodes ${nodes}, so that one address would have two translations`;
    findings.add(place, `${pods}`, reason, `write "${pods.real}" alone: it is seen with the nodes`);
  }
}

const throughVpn = ({ networks }: Scope) =>
  networks
    .filter(({ vpn }) => vpn !== undefined)
    .flatMap(({ subnets }) => subnets.map(({ mapping }) => mapping.mapped));

/** The nodes' routes that lead into a tunnel. */
function routesIntoVpn(site: Scope) {
  const subnets = throughVpn(site);
  return site.routeSources.flatMap((source) =>
    source
      .routes()
      .filter(({ subnet }) => subnets.some((one) => subnet.contains(one) || one.contains(subnet)))
      .map((route) => ({ place: source.place, route })),
  );
}

/**
 * MASQUERADE uses the address that the outgoing interface has in the subnet of the next hop (inet_select_addr in
 * net/ipv4/devinet.c), whatever the route's source is.
 */
function checkMasqueradeAddress(site: Scope, findings: Findings): void {
  const { nodes } = site.cluster;
  const told = new Set<string>();
  for (const { place, route } of routesIntoVpn(site)) {
    for (const nextHop of route.nextHops) {
      const isKnown = nodes.some(({ real }) => real.contains(nextHop));
      const isLinkLocal = nextHop.family === 6 && `${nextHop}`.startsWith('fe80:');
      if (isKnown || isLinkLocal || told.has(`${place} ${nextHop}`)) continue;
      told.add(`${place} ${nextHop}`);
      const reason =
        "is a next hop outside cluster.nodes; packets from pods leave with the node's address in that subnet, which no traffic selector contains";
      findings.add(place, `${nextHop}`, reason, "add the nodes' subnet in which it lies to cluster.nodes");
    }
  }
}

/** A preferred source address applies only to the node's own connections. */
function checkSources(site: Scope, findings: Findings): void {
  for (const { place, route } of routesIntoVpn(site)) {
    const { source, subnet } = route;
    if (source === undefined || site.cluster.seen.some(({ real }) => real.contains(source))) continue;
    const reason = `is the source of nodes' own packets to ${subnet}, but is outside cluster.nodes, so no traffic selector contains them`;
    findings.add(place, `${source}`, reason, "add its subnet to cluster.nodes, or leave the route's source out");
  }
}
