import type { IncomingMessage } from 'node:http';
import type { ApiStore } from './api-store';
import { allows, type Grant } from './rbac';

/** A request that arrived, for tests to count and judge. */
export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly verb: 'get' | 'list' | 'watch' | 'other';
  readonly authorization: string | undefined;
  /** By performance.now(). */
  readonly at: number;
}

/** What a request asks for. */
export interface Asked {
  readonly request: ApiRequest;
  readonly namespace: string;
  /** Of the path, or of the field selector; undefined: all objects. */
  readonly name: string | undefined;
}

/** Why and how a request is not served. */
export interface Refusal {
  readonly code: number;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What decides whether a request is served. */
export interface Gate {
  readonly tokens: ReadonlySet<string>;
  readonly grants: readonly Grant[];
  readonly store: ApiStore;
  readonly goneAs: 'event' | 'status';
}

const COLLECTION = /^\/api\/v1\/namespaces\/([^/]+)\/configmaps(?:\/([^/]+))?$/;

/** Reads the head of a request. */
export function parseRequest(incoming: IncomingMessage): Asked {
  const url = new URL(incoming.url ?? '/', 'https://lab');
  const query = Object.fromEntries(url.searchParams);
  const [found, namespace = '', inPath] = COLLECTION.exec(url.pathname) ?? [];
  const selected = /^metadata\.name==?([^,]+)$/.exec(query.fieldSelector ?? '')?.[1];
  const collectionVerb = query.watch === 'true' || query.watch === '1' ? 'watch' : 'list';
  const verb = found && incoming.method === 'GET' ? (inPath ? 'get' : collectionVerb) : 'other';
  const { method = '', headers } = incoming;
  return {
    request: { method, path: url.pathname, query, verb, authorization: headers.authorization, at: performance.now() },
    namespace,
    name: inPath ?? selected,
  };
}

/** Why a request is not served, in the order in which the real API server looks; undefined if it is. */
export function refusal(asked: Asked, gate: Gate): Refusal | undefined {
  const { request, namespace, name } = asked;
  if (!gate.tokens.has(request.authorization?.replace(/^Bearer /, '') ?? '')) {
    return { code: 401, message: 'Unauthorized' };
  }
  if (request.verb === 'other') return { code: 404, message: 'the server could not find the requested resource' };
  if (!allows(gate.grants, request.verb, namespace, name)) {
    const what = `resource "configmaps" in API group "" in the namespace "${namespace}"`;
    return { code: 403, message: `configmaps is forbidden: User "lab" cannot ${request.verb} ${what}` };
  }
  if (request.verb === 'get') {
    return gate.store.get(namespace, name ?? '') ? undefined : { code: 404, message: `configmaps "${name}" not found` };
  }
  return versionRefusal(asked, gate);
}

/** Options that exclude each other (apimachinery, metainternalversion/validation). */
function optionsProblem({ request: { query, verb } }: Asked): string | undefined {
  const { resourceVersion = '', resourceVersionMatch: match } = query;
  if (match === undefined) return undefined;
  if (verb === 'watch') return 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided';
  if (resourceVersion === '') return 'resourceVersionMatch is forbidden unless resourceVersion is provided';
  if (match !== 'NotOlderThan') return `the lab does not know resourceVersionMatch=${match}`;
  return undefined;
}

/**
 * What is wrong with the resource version of a list or watch. A list from the future is refused; a watch from there is
 * accepted and stays silent.
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
