import { type Findings, healthOwnerName } from '../../network';
import { placeIn } from '../input/schema';
import type { ProbeSettings } from '../server-health/probe-options';
import type { ExternalServiceSettings } from './options';
import { probePort } from './probed';

interface CheckedService {
  readonly place: string;
  readonly settings: ExternalServiceSettings;
}

/**
 * The most endpoints that an API server accepts in one EndpointSlice (maxEndpoints in its validation); the program
 * writes one slice per address family.
 */
const MOST_SERVERS = 1000;

/** @param all ExternalServices of the site */
export function checkHealth(
  { place, settings }: CheckedService,
  all: readonly CheckedService[],
  findings: Findings,
): void {
  const { health, name, namespace } = settings;
  if (health === undefined) return;
  const at = placeIn(place, 'health');
  checkPort(settings, health, at, findings);
  checkServers(settings, health, at, findings);
  if (settings.legacyEndpoints)
    findings.add(at, true, 'needs EndpointSlices, but legacyEndpoints asks for Endpoints', 'leave out one of them');
  // `a-health` has slices named like those of the program for `a`.
  const other = all.find((one) => one.settings.namespace === namespace && one.settings.name === healthOwnerName(name));
  if (other !== undefined)
    findings.add(at, name, `needs names that ${other.place} uses for its own objects`, 'rename one of them');
}

function checkPort(settings: ExternalServiceSettings, health: ProbeSettings, at: string, findings: Findings): void {
  if (settings.ports.length === 0 || probePort(settings, health) !== undefined) return; // rejected ports say it all
  const names = settings.ports.filter(({ protocol }) => protocol === 'TCP').map((port) => port.name);
  const known =
    names.length === 0 ? 'write the number of a TCP port of the servers' : `write a number or ${names.join(' or ')}`;
  if (health.port === undefined)
    findings.add(placeIn(at, 'port'), null, 'is missing, and the Service has no TCP port', known);
  else findings.add(placeIn(at, 'port'), health.port, 'is not the name of a TCP port of this Service', known);
}

function checkServers(
  { servers }: ExternalServiceSettings,
  health: ProbeSettings,
  at: string,
  findings: Findings,
): void {
  const { panicThreshold } = health;
  if (servers.length > 0 && panicThreshold > servers.length) {
    const reason = `is more than the ${servers.length} servers, so all of them would always get connections`;
    findings.add(placeIn(at, 'panicThreshold'), panicThreshold, reason, `write 1 to ${servers.length}`);
  }
  for (const family of [4, 6] as const) {
    const count = servers.filter(({ mapped }) => mapped.family === family).length;
    const reason = `are more IPv${family} servers than one EndpointSlice can hold (${MOST_SERVERS})`;
    if (count > MOST_SERVERS) findings.add(at, count, reason, 'leave out health, or make several Services');
  }
}
