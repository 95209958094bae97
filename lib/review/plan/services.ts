import type { ProbedService } from '../../network';
import { kindOf } from './lines';
import type { Manifest, Placed } from './manifest';
import { overlapOf, type Pair, pairUp } from './pairs';
import { probedServicesOf, probeText } from './probed';
import type { ServicePlan } from './types';

/** A server's address as the cluster sees it. */
interface Server {
  readonly address: string;
  /** The server's own address and its network, if routers map it. */
  readonly real: string;
  readonly network: string | undefined;
}

/** An external service, read from its manifests. */
export interface ExternalServiceModel {
  readonly name: string;
  readonly namespace: string;
  readonly parts: readonly Placed[];
  readonly servers: readonly Server[];
  readonly ports: string;
  /** How its servers are probed; undefined without probes. */
  readonly health: string | undefined;
  /** Whether its endpoints are stored in Git. */
  readonly isInGit: boolean;
}

interface Port {
  readonly name?: string;
  readonly port: number;
  readonly protocol?: string;
  readonly targetPort?: unknown;
}

/** `192.168.1.10 is 10.0.1.10 (datacentre)`: the annotation that synthesis writes for mapped servers. */
const REAL_ADDRESSES = 'onprem-link/real-addresses';
const REAL_ADDRESS = /(\S+) is (\S+) \(([^)]*)\)/g;

/** Services without a selector, with the endpoints that belong to them. */
export function servicesOf(objects: readonly Placed[]): ExternalServiceModel[] {
  const probed = probedServicesOf(objects);
  const services = objects.filter(({ manifest }) => manifest.kind === 'Service' && !hasSelector(manifest));
  return services.map((service) => {
    const { name, namespace = '' } = service.manifest.metadata;
    const endpoints = objects.filter(({ manifest }) => isEndpointsOf(manifest, name, namespace));
    const health = probed.get(`${namespace}/${name}`);
    const servers =
      health === undefined ? endpoints.flatMap(({ manifest }) => serversOf(manifest)) : probedServers(health, service);
    return {
      name,
      namespace,
      parts: [service, ...endpoints],
      servers,
      ports: portsOf(service.manifest),
      health: health && probeText(health),
      isInGit: endpoints.length > 0,
    };
  });
}

/** A Service with a new name but the same servers is the same Service renamed. */
export function pairServices(
  before: readonly ExternalServiceModel[],
  after: readonly ExternalServiceModel[],
): Pair<ExternalServiceModel>[] {
  const byName = (services: readonly ExternalServiceModel[]) =>
    new Map(services.map((service) => [`${service.name} ${service.namespace}`, service]));
  const likeness = (old: ExternalServiceModel, now: ExternalServiceModel) =>
    overlapOf(old.servers.map(identityOf), now.servers.map(identityOf)) * (old.ports === now.ports ? 1 : 0.9);
  return pairUp(byName(before), byName(after), likeness);
}

export function compareServices({ before, after }: Pair<ExternalServiceModel>): ServicePlan {
  const service = (after ?? before) as ExternalServiceModel;
  const old = new Map((before?.servers ?? []).map((server) => [identityOf(server), server]));
  const now = new Map((after?.servers ?? []).map((server) => [identityOf(server), server]));
  const added = [...now].filter(([identity]) => !old.has(identity)).map(([, server]) => serverText(server));
  const removed = [...old].filter(([identity]) => !now.has(identity)).map(([, server]) => serverText(server));
  const readdressed = [...now].flatMap(([identity, { address, real, network }]) => {
    const earlier = old.get(identity);
    if (earlier === undefined || earlier.address === address) return [];
    return [{ server: placed(real, network), before: earlier.address, after: address }];
  });
  const ports = { ...(before && { before: before.ports }), ...(after && { after: after.ports }) };
  const former = before && after && formerName(before, after);
  const rewritten = before && after && rewrittenOf(before, after);
  const health = healthChangeOf(before, after);
  const isChanged =
    former !== undefined ||
    rewritten !== undefined ||
    health !== undefined ||
    ports.before !== ports.after ||
    added.length + removed.length + readdressed.length > 0;
  return {
    name: `${service.namespace}/${service.name}`,
    ...(former !== undefined && { formerName: former }),
    kind: before && after && !isChanged ? 'unchanged' : kindOf(before, after),
    ports,
    ...(rewritten !== undefined && { rewritten }),
    ...(health !== undefined && { health }),
    total: after?.servers.length ?? 0,
    added,
    removed,
    readdressed,
  };
}

function formerName(before: ExternalServiceModel, after: ExternalServiceModel): string | undefined {
  const name = `${before.namespace}/${before.name}`;
  return name === `${after.namespace}/${after.name}` ? undefined : name;
}

/** A change between Endpoints and EndpointSlices: neither kubectl nor GitOps deletes the old objects reliably. */
function rewrittenOf(before: ExternalServiceModel, after: ExternalServiceModel): ServicePlan['rewritten'] {
  const [old, now] = [before, after].map(({ parts }) => parts[1]?.manifest.kind);
  if (old === undefined || now === undefined || old === now) return undefined;
  const cleanUp = before.parts.slice(1).map(({ manifest: { kind, metadata } }) => {
    const namespace = metadata.namespace === undefined ? '' : `--namespace ${metadata.namespace} `;
    return `kubectl ${namespace}delete ${kind.toLowerCase()} ${metadata.name}`;
  });
  return { before: old, after: now, cleanUp };
}

function healthChangeOf(
  before: ExternalServiceModel | undefined,
  after: ExternalServiceModel | undefined,
): ServicePlan['health'] {
  const [old, now] = [before?.health, after?.health];
  const isSwitched = before !== undefined && after !== undefined && (old === undefined) !== (now === undefined);
  // Without a handover, one writer deletes the slices before the other has written its own.
  const isGap = isSwitched && !(before.isInGit && after.isInGit);
  const leaves = before?.isInGit === true && after?.isInGit === false && now !== undefined;
  if (old === now && !leaves) return undefined;
  const differs = { ...(old !== undefined && { before: old }), ...(now !== undefined && { after: now }) };
  return { ...(old !== now && differs), isGap, leavesGit: leaves };
}

function hasSelector({ spec }: Manifest): boolean {
  return Object.keys((spec as { selector?: object } | undefined)?.selector ?? {}).length > 0;
}

function isEndpointsOf({ kind, metadata }: Manifest, service: string, namespace: string): boolean {
  if ((metadata.namespace ?? '') !== namespace) return false;
  if (kind === 'Endpoints') return metadata.name === service;
  return kind === 'EndpointSlice' && metadata.labels?.['kubernetes.io/service-name'] === service;
}

/** Reads the networks' names from an annotation of the Service. */
function probedServers({ servers }: ProbedService, service: Placed): Server[] {
  const networks = networksIn(service.manifest);
  return [...servers].map(([address, real]) => ({ address, real, network: networks.get(address)?.network }));
}

function serversOf(manifest: Manifest): Server[] {
  const known = networksIn(manifest);
  return addressesOf(manifest).map((address) => {
    const { real = address, network } = known.get(address) ?? {};
    return { address, real, network };
  });
}

function networksIn({ metadata }: Manifest) {
  const told = metadata.annotations?.[REAL_ADDRESSES] ?? '';
  return new Map([...told.matchAll(REAL_ADDRESS)].map(([, mapped, real, network]) => [mapped, { real, network }]));
}

function addressesOf(manifest: Manifest): string[] {
  const { endpoints, subsets } = manifest as {
    endpoints?: readonly { readonly addresses: readonly string[] }[];
    subsets?: readonly { readonly addresses?: readonly { readonly ip: string }[] }[];
  } & Manifest;
  return [
    ...(endpoints ?? []).flatMap(({ addresses }) => addresses),
    ...(subsets ?? []).flatMap(({ addresses = [] }) => addresses.map(({ ip }) => ip)),
  ];
}

function portsOf({ spec }: Manifest): string {
  const { ports = [] } = spec as { ports?: readonly Port[] };
  return ports
    .map(({ name = '', port, protocol = 'TCP', targetPort = port }) => {
      const target = `${targetPort}` === `${port}` ? '' : ` to ${targetPort}`;
      return `${name} ${port}${target}${protocol === 'TCP' ? '' : `/${protocol}`}`.trim();
    })
    .join(', ');
}

/** A server keeps its identity if routers map it to another address. */
function identityOf({ real }: Server): string {
  return real;
}

function serverText({ address, real, network }: Server): string {
  return address === real ? address : `${placed(real, network)} as ${address}`;
}

function placed(real: string, network: string | undefined): string {
  return network === undefined ? real : `${real} (${network})`;
}
