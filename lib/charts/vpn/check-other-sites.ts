import type { Findings } from '../../network';
import { isOfPods } from '../../routers';
import { hasFortigate, haveSameAddresses, placeOf } from './check';
import type { VpnSettings } from './options';
import { connectionOf, type SiteTunnel } from './tunnels';

/** A site that was synthesised earlier. */
interface EarlierSite {
  readonly name: string;
  readonly tunnels: readonly SiteTunnel[];
}

/** The tunnels of a site must work on their routers beside those of the sites that were synthesised earlier. */
export function checkOtherSites(
  tunnels: readonly SiteTunnel[],
  others: readonly EarlierSite[],
  findings: Findings,
): void {
  for (const other of others) {
    for (const earlier of other.tunnels) {
      for (const later of tunnels) {
        checkConnections(earlier, later, other, findings);
        checkRanges(earlier, later, other, findings);
      }
    }
  }
}

function checkConnections(earlier: SiteTunnel, later: SiteTunnel, other: EarlierSite, findings: Findings): void {
  const [one, another] = [earlier.ends[0].tunnel, later.ends[0].tunnel];
  if (!haveSameAddresses(one, another)) return;
  const isSame = connectionOf(vpnOf(earlier)) === connectionOf(vpnOf(later));
  if (!isSame && !hasFortigate(one) && !hasFortigate(another)) return;
  findings.add(
    placeOf(later),
    `${another.local.publicAddress} and ${another.remote.publicAddress}`,
    `are also the routers of site ${other.name}, on-premise ${earlier.networks[0].name}, and ${isSame ? 'IKE could not tell the two tunnels apart' : 'a FortiGate has one tunnel per remote gateway'}`,
    'give the routers a different id for each site, and leave fortigate out of the products; between FortiGates, put both networks into one site',
  );
}

/** An on-premise router that sees two clusters in the same range could not send answers to the second. */
function checkRanges(earlier: SiteTunnel, later: SiteTunnel, other: EarlierSite, findings: Findings): void {
  const [one, another] = [earlier.ends[0].tunnel, later.ends[0].tunnel];
  if (!one.remote.publicAddress.equals(another.remote.publicAddress)) return;
  for (const subnet of another.local.subnets) {
    const { mapped } = subnet;
    const taken = one.local.subnets.find((subnet) => subnet.mapped.overlaps(mapped));
    if (taken === undefined) continue;
    const what = isOfPods(another.local, subnet) ? 'pods' : 'nodes';
    findings.add(
      placeOf(later),
      `${mapped}`,
      `overlaps ${taken.mapped}, where the on-premise router ${another.remote.publicAddress} sees the ${what} of site ${other.name}`,
      `map the ${what} of each site to a different range`,
    );
  }
}

const vpnOf = ({ networks }: SiteTunnel) => networks[0].vpn as VpnSettings;
