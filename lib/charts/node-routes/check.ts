import { Address, type Findings, MAIN_TABLE, type Route } from '../../network';
import { placeIn } from '../input/schema';
import {
  CLIENT_SIDE_APPLY_LIMIT,
  CONFIG_MAP_LIMIT,
  fitsClientSideApply,
  fitsConfigMap,
  fitsPodTemplate,
  jsonBytes,
  ROLLING_LIST_LIMIT,
} from '../program/apply-limits';
import { DEFAULT_IMAGE } from '../program/image';
import type { CheckRun } from '../site/checks';
import type { OnPremise } from '../site/on-premise';
import type { RouteSource, Scope } from '../site/scope';
import { tellTakenSubnets } from '../site/taken-subnets';
import type { NodeRoutesSettings } from './options';

/** The table in which the agent looks up the private network. */

/** The part of NodeRoutes that its checks need. */
export interface CheckedNodeRoutes extends RouteSource {
  readonly settings: NodeRoutesSettings;
  readonly agentConfigMaps: readonly { readonly program: string; readonly configMapName: string }[];
  networks(): readonly OnPremise[];
  /** The list in the form of the ConfigMap. */
  readonly text: () => string;
}

/** @param all NodeRoutes of the site, in the order of construction. */
export function checkNodeRoutes(all: readonly CheckedNodeRoutes[], site: Scope, { free, findings }: CheckRun): void {
  all.forEach((nodeRoutes, i) => {
    checkNetworksOf(nodeRoutes, site, findings);
    tellTakenSubnets(site.cluster.protectedSubnets, routesBeyondNetworks(nodeRoutes), free, findings);
    for (const route of nodeRoutes.routes()) {
      checkWay(nodeRoutes, site, route, findings);
      checkDestination(nodeRoutes, route, findings);
    }
    checkFormerProtocols(nodeRoutes, findings);
    checkRouteListSize(nodeRoutes, findings);
    checkPace(nodeRoutes, findings);
    checkProbes(nodeRoutes, findings);
    checkAgent(nodeRoutes, findings);
    for (const earlier of all.slice(0, i)) tellClashes(earlier, nodeRoutes, findings);
  });
}

function checkNetworksOf({ settings, place }: CheckedNodeRoutes, site: Scope, findings: Findings): void {
  settings.networks?.forEach((network, i) => {
    if (network.site !== site)
      findings.add(placeIn(place, `networks[${i}]`), network.name, 'belongs to another site', "use this site's own");
  });
}

/** The networks' own routes are checked with the networks, and a default route was allowed explicitly. */
function routesBeyondNetworks(nodeRoutes: CheckedNodeRoutes) {
  const ofNetworks = new Set(
    nodeRoutes.networks().flatMap(({ subnets }) => subnets.map(({ mapping }) => `${mapping.mapped}`)),
  );
  return nodeRoutes.ownRoutes
    .filter(({ subnet }) => subnet.prefixLength > 0 && !ofNetworks.has(`${subnet}`))
    .map(({ subnet }) => ({ place: placeIn(nodeRoutes.place, 'routes'), subnet, isTranslated: false }));
}

/**
 * Every route has a next hop, and takes precedence over neither the entry that provides it nor the route to an API
 * server.
 */
function checkWay({ settings, place }: CheckedNodeRoutes, { cluster }: Scope, route: Route, findings: Findings): void {
  const { privateNetworks, apiServer } = settings;
  const apiServers = [...(apiServer === undefined ? [] : [apiServer]), ...cluster.apiServers];
  const { subnet } = route;
  const tell = (reason: string, remedy: string) => findings.add(placeIn(place, 'routes'), `${subnet}`, reason, remedy);
  if (route.table === MAIN_TABLE && privateNetworks.some((network) => network.equals(subnet)))
    tell(
      'is a private network itself, and its entry gives the next hop',
      'list the on-premise subnets in it one by one',
    );
  for (const { host } of apiServers)
    if (subnet.prefixLength > 0 && containsHost(route, host))
      tell(`would take the route to the API server ${host}`, 'list subnets without it');
  const hasOwnWay = route.nextHops.length > 0 || route.interface !== undefined;
  if (!hasOwnWay && !privateNetworks.some(({ family }) => family === subnet.family)) {
    tell(
      `has no next hop: no private network is IPv${subnet.family}`,
      'add one to privateNetworks, or give the route a nextHop',
    );
  }
}

/** The agents would reject it. */
function checkDestination({ settings, place }: CheckedNodeRoutes, { subnet }: Route, findings: Findings): void {
  const { destinations } = settings.allow;
  if (destinations === undefined || destinations.some((range) => range.contains(subnet))) return;
  findings.add(
    placeIn(place, 'allow.destinations'),
    destinations.join(', '),
    `does not contain the route to ${subnet}`,
    'add a range that does, or leave the route out',
  );
}

function checkFormerProtocols({ settings, place }: CheckedNodeRoutes, findings: Findings): void {
  const { protocol, formerProtocols } = settings;
  if (formerProtocols.includes(protocol))
    findings.add(placeIn(place, 'formerProtocols'), protocol, 'is the protocol that is still in use', 'leave it out');
}

function containsHost({ subnet }: Route, host: string): boolean {
  const isName = !/^[\d.]+$|:/.test(host);
  return !isName && subnet.contains(Address.parse(host));
}

function checkRouteListSize({ settings, place, text }: CheckedNodeRoutes, findings: Findings): void {
  const list = text();
  const tell = (reason: string, remedy: string) =>
    findings.add(placeIn(place, 'routes'), Buffer.byteLength(list), reason, remedy);
  if (!fitsConfigMap(list))
    tell(
      `bytes are more than a ConfigMap can hold (${CONFIG_MAP_LIMIT})`,
      'aggregate subnets, or spread them over several NodeRoutes with different names, protocols and ports',
    );
  else if (settings.changes === 'rolling' && !fitsPodTemplate(list))
    tell(
      `bytes are more than a list in a pod template can have (${ROLLING_LIST_LIMIT})`,
      "aggregate subnets, spread them over several NodeRoutes with different names, protocols and ports, or set changes: 'live'",
    );
}

/** A DaemonSet has one rollout pace, for lists and for everything else. */
function checkPace({ settings, place }: CheckedNodeRoutes, findings: Findings): void {
  const { changes, canary, maxUnavailable } = settings;
  const tell = (option: keyof NodeRoutesSettings, value: unknown, reason: string, remedy: string) =>
    findings.add(placeIn(place, option), value, reason, remedy);
  if (changes === 'rolling' && canary === undefined)
    tell('canary', canary, "is required with changes: 'rolling'", 'write e.g. canary: { maxUnavailable: 1 }');
  if (changes === 'live' && canary !== undefined)
    tell('canary', canary, "has no effect with changes: 'live'", "set changes: 'rolling', or use maxUnavailable");
  if (canary !== undefined && maxUnavailable !== undefined && maxUnavailable !== canary.maxUnavailable)
    tell('maxUnavailable', maxUnavailable, 'differs from that of canary', 'leave it out');
}

/** Options about probes must have an effect. */
function checkProbes(nodeRoutes: CheckedNodeRoutes, findings: Findings): void {
  const { settings, place } = nodeRoutes;
  const { probeNodes, nodeCount, requireReachable } = settings;
  if (probeNodes !== 'all' && nodeCount === undefined)
    findings.add(
      placeIn(place, 'probeNodes'),
      probeNodes,
      'is a percentage of an unknown number of nodes',
      'set nodeCount as well',
    );
  const isAnyProbed = nodeRoutes.networks().some(({ probes }) => probes.length > 0);
  if (requireReachable && !isAnyProbed)
    findings.add(
      placeIn(place, 'requireReachable'),
      requireReachable,
      'has no effect, because no network has probes',
      "add probes to an on-premise network, e.g. ['10.0.1.10:443'], or leave it out",
    );
}

function checkAgent({ settings, place, agentConfigMaps }: CheckedNodeRoutes, findings: Findings): void {
  const tellImage = (reason: string, remedy: string) =>
    findings.add(placeIn(place, 'image'), settings.image, reason, remedy);
  if (settings.agent === 'image' && settings.image === DEFAULT_IMAGE)
    tellImage('contains no agent', 'name the image that you built with the Dockerfile');
  if (settings.digest !== undefined && settings.image.includes('@'))
    tellImage('already has a digest that differs from the option digest', 'keep one of the two');
  for (const { program, configMapName } of agentConfigMaps) {
    if (fitsClientSideApply(program)) continue;
    findings.add(
      placeIn(place, 'agent'),
      jsonBytes(program),
      `bytes as JSON are too many for ConfigMap ${configMapName}: client-side apply takes at most ${CLIENT_SIDE_APPLY_LIMIT}`,
      "build an image with the Dockerfile and set agent: 'image'",
    );
  }
}

/**
 * Two agents on one node cannot share a port, and with the same protocol number each would remove the other's routes.
 */
function tellClashes(earlier: CheckedNodeRoutes, later: CheckedNodeRoutes, findings: Findings): void {
  const tell = (option: keyof NodeRoutesSettings, value: unknown) =>
    findings.add(
      placeIn(later.place, option),
      value,
      `is already used by ${earlier.place}`,
      'give each NodeRoutes of a site a different one',
    );
  const [one, other] = [earlier.settings, later.settings];
  const areNeighbours = one.namespace === other.namespace;
  const different = [...(areNeighbours ? (['name', 'configMapName'] as const) : []), 'protocol', 'port'] as const;
  for (const option of different) if (one[option] === other[option]) tell(option, other[option]);
  for (const former of other.formerProtocols)
    if (former === one.protocol || one.formerProtocols.includes(former)) tell('formerProtocols', former);
  if (one.formerProtocols.includes(other.protocol)) tell('protocol', other.protocol);
}
