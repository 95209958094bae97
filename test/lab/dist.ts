import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';

/** A Kubernetes object as parsed from YAML. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [key: string]: unknown;
}

/** All objects in a text of YAML documents. @throws at the first invalid document */
export function parseManifests(text: string): Manifest[] {
  return parseAllDocuments(text).flatMap((document) => {
    const [error] = document.errors;
    if (error) throw error;
    const object = document.toJS() as Manifest | null;
    return object ? [object] : [];
  });
}

const parsed = new Map<string, readonly Manifest[]>();

/** Caches texts, because every testbed starts with the same one, most of which is the agent's program. */
function parseOnce(text: string): readonly Manifest[] {
  const manifests = parsed.get(text) ?? parseManifests(text);
  parsed.set(text, manifests);
  return manifests;
}

/** The objects in the YAML files of a folder, in the order of the file names: what GitOps would apply. */
export function readDist(folder: string): Manifest[] {
  const files = readdirSync(folder).filter((name) => /\.ya?ml$/.test(name));
  return files.sort().flatMap((name) => structuredClone(parseOnce(readFileSync(join(folder, name), 'utf8'))));
}

/**
 * The object of that kind and, if given, that name and namespace.
 *
 * @throws if no object or more than one matches
 */
export function find(objects: readonly Manifest[], kind: string, name?: string, namespace?: string): Manifest {
  const found = objects.filter(
    (object) =>
      object.kind === kind &&
      (name === undefined || object.metadata.name === name) &&
      (namespace === undefined || object.metadata.namespace === namespace),
  );
  if (found[0] && found.length === 1) return found[0];
  const all = objects.map((object) => `${object.kind} ${object.metadata.name}`).join(', ');
  throw new Error(`${found.length} objects match ${[kind, name].filter(Boolean).join(' ')}, expected one of: ${all}`);
}
