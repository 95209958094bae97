import { ApiError } from './client';

/** What is known about the watched ConfigMap. */
export type ConfigMapState =
  /** It exists; `data` holds the keys whose value is a string. */
  | { readonly kind: 'present'; readonly data: Readonly<Record<string, string>>; readonly version: string }
  /** The API server reports that it does not exist. Silence and rejections never mean that. */
  | { readonly kind: 'gone' };

/** The version that the watch has reached, with the ConfigMap of the event; a bookmark carries none. */
export interface WatchEvent {
  readonly version: string;
  readonly configMap?: ConfigMapState;
}

interface ConfigMap {
  readonly metadata?: { readonly name?: string; readonly resourceVersion?: string };
  readonly data?: Readonly<Record<string, unknown>> | null;
}

/**
 * Reads the answer to a list request for one ConfigMap.
 * @throws ApiError if it is not such a list: then nothing is known.
 */
export function readList(text: string, name: string): { configMap: ConfigMapState; version: string } {
  const list = parseObject(text) as { kind?: unknown; metadata?: { resourceVersion?: unknown }; items?: unknown };
  const version = list.metadata?.resourceVersion;
  if (list.kind !== 'ConfigMapList' || typeof version !== 'string' || !Array.isArray(list.items ?? [])) {
    throw new ApiError('the API server answered with something that is not a ConfigMapList');
  }
  const found = ((list.items ?? []) as (ConfigMap | null)[]).find((item) => item?.metadata?.name === name);
  return { configMap: found ? present(found) : { kind: 'gone' }, version };
}

/**
 * Reads one line of a watch (Kubernetes API concepts, "Efficient detection of changes").
 * @returns undefined for objects with other names.
 * @throws ApiError for anything that cannot be parsed, and for ERROR events, with their code (410: the version is too
 * old).
 */
export function readWatchEvent(line: string, name: string): WatchEvent | undefined {
  const { type, object } = parseObject(line) as {
    type?: unknown;
    object?: (ConfigMap & { code?: number; message?: string }) | null;
  };
  if (type === 'ERROR') throw new ApiError(`the watch failed: ${object?.message ?? 'no reason given'}`, object?.code);
  const version = object?.metadata?.resourceVersion;
  if (!object || typeof version !== 'string')
    throw new ApiError('the API server sent an event without a resourceVersion');
  if (type === 'BOOKMARK') return { version };
  if (object.metadata?.name !== name) return undefined;
  if (type === 'DELETED') return { version, configMap: { kind: 'gone' } };
  if (type === 'ADDED' || type === 'MODIFIED') return { version, configMap: present(object) };
  throw new ApiError(`the API server sent an event of the unknown type ${JSON.stringify(type)}`);
}

/** Versions are opaque, but if both are numbers they grow (KEP-5504). An older event must not undo a newer one. */
export function isOlder(version: string, than: string): boolean {
  return /^\d+$/.test(version) && /^\d+$/.test(than) && BigInt(version) < BigInt(than);
}

function present(configMap: ConfigMap): ConfigMapState {
  const { data, metadata } = configMap;
  const entries = typeof data === 'object' && data !== null ? Object.entries(data) : [];
  const texts = entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return { kind: 'present', data: Object.fromEntries(texts), version: metadata?.resourceVersion ?? '' };
}

function parseObject(text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // reported below
  }
  throw new ApiError('the API server answered with something that is not a JSON object');
}
