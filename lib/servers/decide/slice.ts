import { type Family, familyOf, healthOwnerName, healthSliceName, type ProbedService } from '../../network';
import type { ApiObject } from '../../program/api/objects';

/** The managed-by value of the slice, which shows that it is not written by a Kubernetes controller. */
const MANAGED_BY = 'onprem-link-health';
/** The same for slices in Git (see lib/charts). */
const MANAGED_IN_GIT = 'onprem-link';
const MANAGED_BY_LABEL = 'endpointslice.kubernetes.io/managed-by';
/**
 * The annotation with the leader that wrote the slice. A new leader changes it, so that late writes of earlier leaders
 * are rejected.
 */
const TERM = 'onprem-link/term';
const REAL_ADDRESSES = 'onprem-link/real-addresses';
const MOST_REAL_ADDRESSES = 100;

export const slicesPath = (namespace: string): string =>
  `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`;

export function slicePath({ namespace, name }: ProbedService, family: Family): string {
  return `${slicesPath(namespace)}/${healthSliceName(name, family)}`;
}

export function ownerPath({ namespace, name }: ProbedService): string {
  return `/api/v1/namespaces/${namespace}/configmaps/${healthOwnerName(name)}`;
}

/** The addresses of one family, in the order of the Service. */
export function addressesOf({ servers }: ProbedService, family: Family): string[] {
  return [...servers.keys()].filter((address) => familyOf(address) === family);
}

/** The slice without its endpoints: the part that never changes. Deleting its owner deletes it. */
export function sliceShell({ namespace, name }: ProbedService, family: Family, owner: ApiObject): ApiObject {
  const { name: ownerName, uid } = owner.metadata;
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      namespace,
      name: healthSliceName(name, family),
      labels: {
        'kubernetes.io/service-name': name,
        [MANAGED_BY_LABEL]: MANAGED_BY,
        'app.kubernetes.io/part-of': 'onprem-link',
      },
      ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: ownerName, uid }],
    } as ApiObject['metadata'],
    addressType: `IPv${family}`,
  };
}

/** The whole slice. @param term identifies the leader and its term */
export function sliceBody(
  service: ProbedService,
  family: Family,
  owner: ApiObject,
  ready: ReadonlySet<string>,
  term: string,
): ApiObject {
  const shell = sliceShell(service, family, owner);
  const addresses = addressesOf(service, family);
  return {
    ...shell,
    metadata: { ...shell.metadata, annotations: { [TERM]: term, ...realAddresses(service, addresses) } },
    endpoints: addresses.map((address) => {
      const isReady = ready.has(address);
      return { addresses: [address], conditions: { ready: isReady, serving: isReady, terminating: false } };
    }),
    ports: service.ports,
  };
}

function realAddresses({ servers }: ProbedService, addresses: readonly string[]): Record<string, string> {
  const translated = addresses.filter((address) => servers.get(address) !== address);
  if (translated.length === 0) return {};
  const shown = translated.slice(0, MOST_REAL_ADDRESSES).map((address) => `${address} is ${servers.get(address)}`);
  const left = translated.length - shown.length;
  return { [REAL_ADDRESSES]: [...shown, ...(left > 0 ? [`and ${left} more`] : [])].join(', ') };
}

/** What a slice says about its addresses: whether they get new connections. */
export function readinessIn(slice: ApiObject): ReadonlyMap<string, boolean> {
  const endpoints = (slice.endpoints ?? []) as { addresses?: string[]; conditions?: { ready?: boolean | null } }[];
  // A missing condition counts as ready (Kubernetes API reference, EndpointConditions).
  return new Map(
    endpoints.flatMap(({ addresses = [], conditions }) => addresses.map((a) => [a, conditions?.ready !== false])),
  );
}

/** Only slices that came from Git are deleted, not other objects with such a name. */
export function isFromGit({ metadata }: ApiObject): boolean {
  return metadata.labels?.[MANAGED_BY_LABEL] === MANAGED_IN_GIT;
}

export function isOwnSlice({ metadata }: ApiObject): boolean {
  return metadata.labels?.[MANAGED_BY_LABEL] === MANAGED_BY;
}
