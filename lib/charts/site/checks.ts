import { type Finding, Findings } from '../../network';
import { checkExternalServices } from '../external-service/check';
import { checkNodeRoutes } from '../node-routes/check';
import { checkVpns } from '../vpn/check';
import { checkOtherSites } from '../vpn/check-other-sites';
import { checkMappings } from './check-mappings';
import { checkNetworks } from './check-networks';
import { checkProvider } from './check-provider';
import { FreeRanges } from './free-ranges';
import type { Site } from './site';

/**
 * What can be judged only when the site is complete.
 * @param others the sites that were synthesised before it.
 */
export function checkSite(site: Site, others: readonly Site[]): Finding[] {
  const findings = new Findings();
  const free = new FreeRanges(site);
  checkNetworks(site, free, findings);
  checkMappings(site, free, findings);
  checkProvider(site, free, findings);
  checkNodeRoutes(site, free, findings);
  checkExternalServices(site, findings);
  checkVpns(site, findings);
  if (findings.all.length === 0) checkOtherSites(site, others, findings);
  return findings.all;
}
