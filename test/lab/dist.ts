import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';

/** A Kubernetes object as YAML has it. */
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

/** All objects of a text of YAML documents. @throws at the first document that is not valid YAML */
export function parseManifests(text: string): Manifest[] {
  return parseAllDocuments(text).flatMap((document) => {
    const [error] = document.errors;
    if (error) throw error;
    const object = document.toJS() as Manifest | null;
    return object ? [object] : [];
  });
}

const parsed = new Map<string, readonly Manifest[]>();

/** Every testbed begins with the same text, most of which is the agent's. */
function parseOnce(text: string): readonly Manifest[] {
  const manifests = parsed.get(text) ?? parseManifests(text);
  parsed.set(text, manifests);
  return manifests;
}

/** All objects of the YAML files directly in a folder, in the order of the files' names: what GitOps would apply. */
export function readDist(folder: string): Manifest[] {
  const files = readdirSync(folder).filter((name) => /\.ya?ml$/.test(name));
  return files.sort().flatMap((name) => structuredClone(parseOnce(readFileSync(join(folder, name), 'utf8'))));
}

/**
 * The one object of that kind and, where given, that name and namespace.
 *
 * @throws when there is none or more than one
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
  throw new Error(`${found.length} objects are ${kind} ${name ?? ''}, expected one of: ${all}`);
}
