import type { Address, Findings } from '../network';
import { fortigateInterface, rulesOf, selectorsOf, type Tunnel } from '../routers';
import { placeIn } from './options';
import type { Site } from './site';
import { type SiteTunnel, tunnelsOf } from './vpn';

/** The tunnels work, each by itself and those of one router side by side. */
export function checkVpns(site: Site, findings: Findings): void {
  const tunnels = tunnelsOf(site);
  tunnels.forEach((one, i) => {
    const place = placeIn(one.network.place, 'vpn');
    // A tunnel is judged when all that it is made of was understood.
    if (site.findings.all.length === 0) checkTunnel(clusterEnd(one), place, findings);
    for (const earlier of tunnels.slice(0, i)) tellClash(clusterEnd(earlier), clusterEnd(one), place, findings);
  });
}

const clusterEnd = ({ ends }: SiteTunnel) => (ends[0] as SiteTunnel['ends'][number]).tunnel;

function checkTunnel(tunnel: Tunnel, place: string, findings: Findings): void {
  const { local, remote } = tunnel;
  if (local.publicAddress.equals(remote.publicAddress))
    findings.add(
      placeIn(place, 'onPremise.publicAddress'),
      `${remote.publicAddress}`,
      "is that of the cluster's router, too",
      'write the address of the other router',
    );
  if (selectorsOf(tunnel).length === 0)
    findings.add(
      place,
      tunnel.network,
      'has no subnet of a family that the nodes have, so nothing would go through it',
      'add the subnets, or leave out the vpn',
    );
  tellInside(tunnel, 'cluster', local.publicAddress, place, findings);
  tellInside(tunnel, 'onPremise', remote.publicAddress, place, findings);
}

/** A tunnel cannot carry its own packets. */
function tellInside(tunnel: Tunnel, end: string, address: Address, place: string, findings: Findings): void {
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

/** Two tunnels of one router share its interface names and its rule numbers. */
function tellClash(earlier: Tunnel, later: Tunnel, place: string, findings: Findings): void {
  if (!earlier.local.publicAddress.equals(later.local.publicAddress)) return;
  const name = fortigateInterface(later.network);
  const areFortigate = [earlier, later].every(({ local }) => local.products.includes('fortigate'));
  if (areFortigate && fortigateInterface(earlier.network) === name)
    findings.add(
      place,
      later.network,
      `and ${earlier.network} are both ${name} on a FortiGate, where a name has at most 15 characters`,
      'rename one of the networks, or leave fortigate out of the products',
    );
  const overlap =
    earlier.firstRule < later.firstRule + rulesOf(later) && later.firstRule < earlier.firstRule + rulesOf(earlier);
  if (overlap)
    findings.add(
      placeIn(place, 'cluster.firstRule'),
      later.firstRule,
      `is among the ${rulesOf(earlier)} rules from ${earlier.firstRule} on that on-premise ${earlier.network} needs`,
      `write ${earlier.firstRule + rulesOf(earlier)} or more`,
    );
}
