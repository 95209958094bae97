import type { Findings, Subnet } from '../../network';
import { placeIn } from '../input/schema';
import type { CheckRun } from '../site/checks';
import type { Server } from '../site/on-premise';
import type { Scope } from '../site/scope';
import { checkHealth } from './check-health';
import type { ExternalServiceSettings } from './options';

/** Services that a cluster depends on: a Service with such a name takes over its traffic. */
const CLUSTER_SERVICES: ReadonlySet<string> = new Set([
  'default/kubernetes',
  'kube-system/kube-dns',
  'kube-system/kube-dns-upstream',
  'kube-system/coredns',
  'kube-system/metrics-server',
]);

/** The most addresses that Kubernetes mirrors from one Endpoints object; it silently drops the rest. */
const MOST_LEGACY_ENDPOINTS = 1000;

/** The part of an ExternalService that its checks need. */
interface CheckedService {
  readonly place: string;
  readonly settings: ExternalServiceSettings;
}

/** @param all ExternalServices of the site, in the order of construction. */
export function checkExternalServices(all: readonly CheckedService[], site: Scope, { findings }: CheckRun): void {
  const routed = site.routeSources.flatMap((source) => source.routes().map(({ subnet }) => subnet));
  const names = new Map<string, CheckedService>();
  for (const service of all) {
    const { name, namespace } = service.settings;
    const earlier = names.get(`${namespace}/${name}`);
    if (earlier === undefined) names.set(`${namespace}/${name}`, service);
    else
      findings.add(placeIn(service.place, 'name'), name, `is already used by ${earlier.place}`, 'rename one of them');
    checkClusterServices(service, findings);
    checkOptions(service, findings);
    checkHealth(service, all, findings);
    checkServers(service, site, findings);
    // A site without any NodeRoutes is routed by other means, which these checks know nothing about.
    if (site.routeSources.length > 0) checkRouted(service, routed, findings);
  }
}

function checkOptions({ settings, place }: CheckedService, findings: Findings): void {
  const { headless, sessionAffinity, ports, legacyEndpoints, servers } = settings;
  const others = ports.find(({ port, serverPort }) => port !== serverPort);
  if (headless && others !== undefined) {
    findings.add(
      placeIn(place, `ports.${others.name}`),
      others.serverPort,
      'differs from the port, but a headless Service does not translate ports',
      "use the servers' port number, or leave out headless",
    );
  }
  if (headless && sessionAffinity !== undefined)
    findings.add(
      placeIn(place, 'sessionAffinity'),
      true,
      'has no effect in a headless Service',
      'leave out one of them',
    );
  if (legacyEndpoints && servers.length > MOST_LEGACY_ENDPOINTS) {
    findings.add(
      placeIn(place, 'servers'),
      servers.length,
      `are more than Kubernetes reads from an Endpoints object (${MOST_LEGACY_ENDPOINTS})`,
      'leave out legacyEndpoints',
    );
  }
}

function checkServers({ settings, place }: CheckedService, site: Scope, findings: Findings): void {
  const families = new Set(site.cluster.services.map(({ family }) => family));
  const seen = new Map<string, Server>();
  settings.servers.forEach((server, i) => {
    const tell = (reason: string, remedy: string) =>
      findings.add(placeIn(place, `servers[${i}]`), `${server.real}`, reason, remedy);
    const earlier = seen.get(`${server.mapped}`);
    if (earlier !== undefined) tell(`is listed twice, also as ${earlier.real}`, 'remove one');
    seen.set(`${server.mapped}`, server);
    if (server.network.site !== site) tell('belongs to another site', "take it from a network of this Service's site");
    const { family } = server.mapped;
    if (families.size > 0 && !families.has(family)) {
      tell(
        `is IPv${family}, but the cluster has no service range of that family`,
        `add the range to cluster.services, or leave out the server`,
      );
    }
  });
  // The only server may already have been rejected elsewhere.
  if (settings.servers.length === 0 && site.findings.all.length === 0)
    findings.add(placeIn(place, 'servers'), [], 'is empty', 'take at least one from an on-premise network');
}

function checkRouted({ settings, place }: CheckedService, routed: readonly Subnet[], findings: Findings): void {
  settings.servers.forEach(({ mapped, real, network }, i) => {
    if (routed.some((subnet) => subnet.contains(mapped))) return;
    findings.add(
      placeIn(place, `servers[${i}]`),
      `${real}`,
      `lies in on-premise ${network.name}, which no NodeRoutes of this site routes`,
      'add the network to the networks of a NodeRoutes',
    );
  });
}

/** Names and namespaces that belong to Kubernetes. */
function checkClusterServices({ settings, place }: CheckedService, findings: Findings): void {
  const { name, namespace, allowKubeNamespace } = settings;
  if (CLUSTER_SERVICES.has(`${namespace}/${name}`))
    findings.add(
      placeIn(place, 'name'),
      `${namespace}/${name}`,
      'belongs to Kubernetes; the cluster would send its own traffic to on-premise servers',
      'choose another name, and the namespace of the application that calls it',
    );
  else if (namespace.startsWith('kube-') && !allowKubeNamespace)
    findings.add(
      placeIn(place, 'namespace'),
      namespace,
      'is a namespace of Kubernetes, whose Services the cluster depends on',
      'use the namespace of the application that calls it, or set allowKubeNamespace: true',
    );
}
