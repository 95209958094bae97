import { parseDocument } from 'yaml';

/** A Kubernetes object as written in dist/. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Metadata;
  readonly [field: string]: unknown;
}

interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** An object, the path of its file, and its text there. */
export interface Placed {
  readonly path: string;
  /** The line of the file on which `text` begins, from 1. */
  readonly line: number;
  readonly text: string;
  readonly manifest: Manifest;
}

/** Objects of equal texts are parsed once: most of dist/ is the same on both sides and across sites. */
const parsed = new Map<string, Manifest | undefined>();

/**
 * The objects of a file. Three dashes at the start of a line always begin a document, because block text inside a
 * document is indented.
 * @throws Error if the text is not valid YAML, or not a Kubernetes object.
 */
export function readManifests(path: string, text: string): Placed[] {
  let next = 1;
  return text.split(/^---(?:[ \t].*)?$/m).flatMap((document) => {
    const line = next;
    next += document.split('\n').length - 1;
    const manifest = parsed.has(document) ? parsed.get(document) : parse(document);
    parsed.set(document, manifest);
    return manifest === undefined ? [] : [{ path, line, text: document, manifest }];
  });
}

/** `apps/v1 DaemonSet onprem-link/node-routes`: the identity of an object in the API. */
export function keyOf({ apiVersion, kind, metadata }: Manifest): string {
  return `${apiVersion.split('/').slice(0, -1).join('/')} ${kind} ${metadata.namespace ?? ''}/${metadata.name}`;
}

/** The short form for people: `DaemonSet node-routes`. */
export function nameOf({ kind, metadata }: Manifest): string {
  return `${kind} ${metadata.name}`;
}

function parse(document: string): Manifest | undefined {
  const { errors, ...rest } = readYaml(document);
  if (errors.length > 0) throw new Error(errors[0]);
  const { value } = rest;
  if (value === null || value === undefined) return undefined;
  const { kind, metadata, apiVersion } = value as Partial<Manifest>;
  if (typeof kind !== 'string' || typeof apiVersion !== 'string' || typeof metadata?.name !== 'string')
    throw new Error('a document in it is not a Kubernetes object');
  return value as Manifest;
}

function readYaml(text: string): { value: unknown; errors: string[] } {
  const document = parseDocument(text, { version: '1.1', logLevel: 'silent', keepSourceTokens: false });
  const errors = document.errors.map(({ message }) => message.split('\n')[0] as string);
  return { value: errors.length > 0 ? undefined : document.toJS(), errors };
}
