import type { IncomingMessage } from 'node:http';
import type { Manifest } from '../dist';
import type { ApiOwners } from './api-owners';
import type { ApiStore } from './api-store';
import { allows, type Grant, type Resource } from './rbac';

/** A received request, for tests to count and check. */
export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly verb: 'get' | 'list' | 'watch' | 'other';
  readonly authorization: string | undefined;
  /** Time of arrival, in milliseconds of performance.now(). */
  readonly at: number;
}

/** The parsed request line. */
export interface Asked {
  readonly request: ApiRequest;
  readonly resource: Resource;
  readonly namespace: string;
  /** The name in the path or the field selector. undefined: all objects */
  readonly name: string | undefined;
}

/** How a request is rejected. */
export interface Refusal {
  readonly code: number;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The state that decides whether a request is served. */
export interface Gate {
  readonly tokens: ReadonlySet<string>;
  readonly grants: readonly Grant[];
  readonly store: ApiStore;
  readonly owners: ApiOwners;
  readonly goneAs: 'event' | 'status';
}

const CONFIG_MAPS = /^\/api\/v1\/namespaces\/([^/]+)\/configmaps(?:\/([^/]+))?$/;
const NAMESPACE = /^\/api\/v1\/namespaces\/(([^/]+))$/;
const DAEMON_SET = /^\/apis\/apps\/v1\/namespaces\/([^/]+)\/daemonsets\/([^/]+)$/;
const PATHS: readonly (readonly [Resource, RegExp])[] = [
  ['configmaps', CONFIG_MAPS],
  ['namespaces', NAMESPACE], // for RBAC, a Namespace lies in itself
  ['daemonsets', DAEMON_SET],
];

/** @returns the resource that a path names, or undefined */
function placeOf(path: string): { resource: Resource; namespace: string; name: string | undefined } | undefined {
  for (const [resource, pattern] of PATHS) {
    const [found, namespace = '', name] = pattern.exec(path) ?? [];
    if (found !== undefined) return { resource, namespace, name };
  }
  return undefined;
}

/** Parses the request line and the headers. */
export function parseRequest(incoming: IncomingMessage): Asked {
  const url = new URL(incoming.url ?? '/', 'https://lab');
  const query = Object.fromEntries(url.searchParams);
  const place = placeOf(url.pathname);
  const selected = /^metadata\.name==?([^,]+)$/.exec(query.fieldSelector ?? '')?.[1];
  const collectionVerb = query.watch === 'true' || query.watch === '1' ? 'watch' : 'list';
  const verb = place && incoming.method === 'GET' ? (place.name ? 'get' : collectionVerb) : 'other';
  const { method = '', headers } = incoming;
  return {
    request: { method, path: url.pathname, query, verb, authorization: headers.authorization, at: performance.now() },
    resource: place?.resource ?? 'configmaps',
    namespace: place?.namespace ?? '',
    name: place?.name ?? selected,
  };
}

/** Why a request is rejected, checked in the order of the real API server. undefined: it is served */
export function refusal(asked: Asked, gate: Gate): Refusal | undefined {
  const { request, resource, namespace, name } = asked;
  if (!gate.tokens.has(request.authorization?.replace(/^Bearer /, '') ?? '')) {
    return { code: 401, message: 'Unauthorized' };
  }
  if (request.verb === 'other') {
    // Paths without permission are forbidden whether they exist or not.
    if (/^\/apis?\//.test(request.path)) return { code: 403, message: 'forbidden: User "lab" has no such right' };
    return { code: 404, message: 'the server could not find the requested resource' };
  }
  if (!allows(gate.grants, request.verb, resource, namespace, name)) {
    const what = `resource "${resource}" in the namespace "${namespace}"`;
    return { code: 403, message: `${resource} is forbidden: User "lab" cannot ${request.verb} ${what}` };
  }
  if (request.verb === 'get')
    return objectOf(asked, gate) ? undefined : { code: 404, message: `${resource} "${name}" not found` };
  return versionRefusal(asked, gate);
}

/** The single object that a get requests. */
export function objectOf({ resource, namespace, name = '' }: Asked, { store, owners }: Gate): Manifest | undefined {
  return resource === 'configmaps' ? store.get(namespace, name) : owners.get(resource, namespace, name);
}

/** Options that exclude each other (apimachinery, metainternalversion/validation). */
function optionsProblem({ request: { query, verb } }: Asked): string | undefined {
  const { resourceVersion = '', resourceVersionMatch: match } = query;
  if (match === undefined) return undefined;
  if (verb === 'watch') return 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided';
  if (resourceVersion === '') return 'resourceVersionMatch is forbidden unless resourceVersion is provided';
  if (match !== 'NotOlderThan') return `the lab does not support resourceVersionMatch=${match}`;
  return undefined;
}

/**
 * Checks the resource version of a list or watch. A list from a future version is rejected; a watch from there is accepted
 * and stays silent.
 */
function versionRefusal(asked: Asked, { store, goneAs }: Gate): Refusal | undefined {
  const { query, verb } = asked.request;
  const problem = optionsProblem(asked);
  if (problem !== undefined) return { code: 422, message: problem };
  const version = Number(query.resourceVersion ?? 0);
  if (Number.isNaN(version)) return { code: 400, message: `invalid resource version "${query.resourceVersion}"` };
  if (verb === 'list') {
    const ahead = version > Number(store.resourceVersion);
    return ahead ? { code: 504, message: `Too large resource version: ${version}` } : undefined;
  }
  const gone = goneAs === 'status' && version > 0 && store.since(version) === 'gone';
  return gone ? { code: 410, message: `too old resource version: ${version}` } : undefined;
}
