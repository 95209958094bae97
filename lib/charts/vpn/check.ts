import { isDeepStrictEqual } from 'node:util';
import type { Address, Findings } from '../../network';
import {
  clashes,
  fortigateInterface,
  learnedPods,
  type NumberBook,
  selectorsOf,
  type Tunnel,
  tunnelName,
} from '../../routers';
import { placeIn } from '../input/schema';
import type { VpnSettings } from './options';
import type { SiteTunnel, SiteVpns, VpnNetwork } from './tunnels';

/**
 * The tunnels must work, each on its own and side by side with the others of the same router.
 * @param site name of the site
 * @param isUnderstood whether the whole site is valid: a tunnel is checked only if all of its inputs are valid.
 */
export function checkVpns({ tunnels, book }: SiteVpns, site: string, isUnderstood: boolean, findings: Findings): void {
  tunnels.forEach((one, i) => {
    if (isUnderstood) checkTunnel(clusterEnd(one), placeOf(one), findings);
    checkPodNextHops(one, findings);
    checkShared(one, findings);
    for (const earlier of tunnels.slice(0, i)) {
      checkSameAddresses(earlier, one, findings);
      checkInterfaceNames(earlier, one, findings);
    }
  });
  checkNumbers(book, site, findings);
}

export const placeOf = ({ networks }: SiteTunnel) => vpnPlace(networks[0]);
const vpnPlace = ({ place }: VpnNetwork) => placeIn(place, 'vpn');
const clusterEnd = ({ ends }: SiteTunnel) => ends[0].tunnel;

function checkTunnel(tunnel: Tunnel, place: string, findings: Findings): void {
  const { local, remote } = tunnel;
  if (local.publicAddress.equals(remote.publicAddress))
    findings.add(
      placeIn(place, 'onPremise.publicAddress'),
      `${remote.publicAddress}`,
      "is also the address of the cluster's router",
      'write the address of the other router',
    );
  if (local.publicAddress.family !== remote.publicAddress.family)
    findings.add(
      placeIn(place, 'onPremise.publicAddress'),
      `${remote.publicAddress}`,
      `is not of the same address family as the cluster's router, ${local.publicAddress}, so the two cannot reach each other`,
      'write addresses of the same family',
    );
  if (selectorsOf(tunnel).length > 0) checkFamilies(tunnel, place, findings);
  else
    findings.add(
      place,
      tunnel.networks.join(' and '),
      'has no subnet of an address family of the nodes, so the tunnel would carry nothing',
      'add subnets, or leave out the vpn',
    );
  checkOutside(tunnel, 'cluster', local.publicAddress, place, findings);
  checkOutside(tunnel, 'onPremise', remote.publicAddress, place, findings);
}

/** The cluster's router must have a next hop to pods that keep their own addresses. */
function checkPodNextHops(one: SiteTunnel, findings: Findings): void {
  const { local } = clusterEnd(one);
  const { cluster, onPremise } = one.networks[0].vpn as VpnSettings;
  const place = (end: string) => placeIn(placeOf(one), `${end}.podNextHops`);
  const isSeen = local.pods?.seenAs === 'themselves';
  const needless = { cluster: isSeen ? undefined : cluster.podNextHops, onPremise: onPremise.podNextHops };
  for (const [end, nextHops] of Object.entries(needless)) {
    if (nextHops === undefined) continue;
    const reason = "applies only to the cluster's router with podsSeenAs 'themselves'";
    findings.add(place(end), nextHops.map(String), reason, 'leave it out');
  }
  if (cluster.podNextHops !== undefined) return;
  for (const { real } of learnedPods(local))
    findings.add(
      place('cluster'),
      `${real}`,
      "are pods that the cluster's router has no route to, because they are not directly connected",
      'write the next hops towards them, or [] if the router learns the route by other means, e.g. BGP with the CNI',
    );
}

/** A subnet of an address family that no node has gets no selector, so the tunnel would not carry it. */
function checkFamilies({ local, remote }: Tunnel, place: string, findings: Findings): void {
  const families = new Set(local.subnets.map(({ mapped }) => mapped.family));
  for (const { real } of remote.subnets)
    if (!families.has(real.family))
      findings.add(
        place,
        `${real}`,
        `is IPv${real.family}, but cluster.nodes has no range of that family, so the tunnel would not carry it`,
        'add the range of the nodes, or move the subnet to a network without vpn',
      );
}

/** A tunnel must not carry its own encapsulated packets. */
function checkOutside(tunnel: Tunnel, end: string, address: Address, place: string, findings: Findings): void {
  const selectors = selectorsOf(tunnel).flatMap((pair) => [pair.local.mapped, pair.remote.mapped]);
  const around = selectors.find((subnet) => subnet.contains(address));
  if (around === undefined) return;
  findings.add(
    placeIn(place, `${end}.publicAddress`),
    `${address}`,
    `lies in ${around}, which goes through the tunnel itself`,
    'write the address on the Internet, or list subnets without it',
  );
}

/** Networks that share a tunnel must agree on all of its settings. */
function checkShared({ networks: [lead, ...others] }: SiteTunnel, findings: Findings): void {
  for (const network of others) {
    const differing = Object.keys(lead.vpn as VpnSettings)
      .map((key) => key as keyof VpnSettings)
      .filter((key) => !isDeepStrictEqual(lead.vpn?.[key], network.vpn?.[key]));
    if (differing.length === 0) continue;
    findings.add(
      vpnPlace(network),
      network.name,
      `shares one tunnel with on-premise ${lead.name}, whose routers have the same addresses and identities, but differs in ${differing.join(' and ')}`,
      'write the same vpn for both, or give the routers a different id for each',
    );
  }
}

/**
 * IKE could distinguish them by their identities, but a FortiGate does not accept a second phase 1 to the same gateway.
 */
function checkSameAddresses(earlier: SiteTunnel, later: SiteTunnel, findings: Findings): void {
  const [one, other] = [clusterEnd(earlier), clusterEnd(later)];
  if (!haveSameAddresses(one, other) || !(hasFortigate(one) || hasFortigate(other))) return;
  findings.add(
    placeOf(later),
    later.networks[0].name,
    `has the same routers as on-premise ${earlier.networks[0].name} with other identities, and a FortiGate has one tunnel per remote gateway`,
    'leave out the ids, so that one tunnel carries both networks, or leave fortigate out of the products',
  );
}

export function haveSameAddresses(one: Tunnel, other: Tunnel): boolean {
  return (
    one.local.publicAddress.equals(other.local.publicAddress) &&
    one.remote.publicAddress.equals(other.remote.publicAddress)
  );
}

export const hasFortigate = ({ local, remote }: Tunnel): boolean =>
  [local, remote].some(({ products }) => products.includes('fortigate'));

/** Two names that are shortened for a FortiGate must not become equal. */
function checkInterfaceNames(earlier: SiteTunnel, later: SiteTunnel, findings: Findings): void {
  const [one, other] = [clusterEnd(earlier), clusterEnd(later)].map(tunnelName) as [string, string];
  if (fortigateInterface(one) !== fortigateInterface(other)) return;
  findings.add(
    placeOf(later),
    other,
    `and ${one} are both ${fortigateInterface(other)} on a FortiGate, where a name has at most 15 characters`,
    'rename one of the networks',
  );
}

/** Two branches that each took the next number conflict when they are merged. */
function checkNumbers(book: NumberBook, site: string, findings: Findings): void {
  for (const { router, list, number, owners } of clashes(book)) {
    if (!owners.some((owner) => owner.startsWith(`${site}/`))) continue;
    findings.add(
      'routers/numbers.json',
      number,
      `is used twice among the ${list} of router ${router}: by ${owners.join(' and by ')}`,
      'delete the line of the newer one, which gets the next free number at the next synthesis',
    );
  }
}
