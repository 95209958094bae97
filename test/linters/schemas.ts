import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A definition in the OpenAPI 2.0 document of Kubernetes. Other fields are kept unchanged. */
interface Definition {
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly additionalProperties?: unknown;
  readonly 'x-kubernetes-group-version-kind'?: readonly { group: string; version: string; kind: string }[];
}

type Definitions = Readonly<Record<string, Definition>>;

const REF = /"\$ref":"#\/definitions\/([^"]+)"/g;

/** Types that OpenAPI 2.0 calls strings although the API server also takes numbers. */
const NUMBERS_TOO: readonly string[] = [
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString',
  'io.k8s.apimachinery.pkg.api.resource.Quantity',
];

/** The definition, changed so that it rejects unknown fields. */
function strict(name: string, definition: Definition): object {
  if (NUMBERS_TOO.includes(name)) return { type: ['string', 'number'] };
  const isClosed = definition.properties !== undefined && definition.additionalProperties === undefined;
  return isClosed ? { ...definition, additionalProperties: false } : definition;
}

/** The definition, and all definitions that it refers to. */
function withParts(root: string, all: Definitions): Record<string, object> {
  const found: Record<string, object> = {};
  const open = [root];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (name in found) continue;
    found[name] = strict(name, all[name] as Definition);
    for (const [, part] of JSON.stringify(found[name]).matchAll(REF)) open.push(part as string);
  }
  return found;
}

/**
 * Writes a JSON schema for each kind in an OpenAPI 2.0 document of Kubernetes, named as kubeconform expects it:
 * `service-v1.json`, `networkpolicy-networking-v1.json`.
 *
 * @param document the text of its swagger.json
 * @param folder created only when all its files are complete
 */
export function writeSchemas(document: string, folder: string): void {
  const { definitions } = JSON.parse(document) as { definitions: Definitions };
  const partial = `${folder}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial);
  for (const [name, { 'x-kubernetes-group-version-kind': kinds = [] }] of Object.entries(definitions)) {
    const [only, ...others] = kinds;
    if (only === undefined || others.length > 0) continue; // shared by all groups, such as DeleteOptions
    const group = only.group.split('.')[0];
    const file = [only.kind.toLowerCase(), group, only.version].filter(Boolean).join('-');
    const schema = { $ref: `#/definitions/${name}`, definitions: withParts(name, definitions) };
    writeFileSync(join(partial, `${file}.json`), JSON.stringify(schema));
  }
  renameSync(partial, folder);
}
