/** Tools that read manifests as Kubernetes and Flux do. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { output, type Report, unique } from './report';
import { type Find, type Installed, RELEASES } from './tools';

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

export const manifestsIn = (text: string): Manifest[] =>
  parseAllDocuments(text).flatMap((document) => (document.toJS() as Manifest | null) ?? []);
const manifestsBelow = (dist: string): Manifest[] =>
  readdirSync(dist).flatMap((name) => manifestsIn(readFileSync(join(dist, name), 'utf8')));
const keyOf = ({ kind, metadata }: Manifest) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`;

/** Flux applies the output of its own build, which must contain every object of dist/ unchanged, and no other. */
export function fluxBuild(find: Find, dist: string): Report {
  const ours = new Map(manifestsBelow(dist).map((one) => [keyOf(one), one]));
  const built = new Map(manifestsIn(output(find('flux-build'), [dist])).map((one) => [keyOf(one), one]));
  const differing = [...new Set([...ours.keys(), ...built.keys()])].filter(
    (key) => !isDeepStrictEqual(ours.get(key), built.get(key)),
  );
  return {
    tool: 'flux-build',
    passed: `${built.size} objects built unchanged`,
    silenced: [],
    findings: differing.map((key) => ({
      id: 'differs',
      where: key,
      says: "the output of Flux's build differs from dist/",
    })),
  };
}

interface Conformity {
  /** Lists only objects that do not match. */
  readonly resources: readonly { filename: string; kind: string; name: string; msg: string }[];
  readonly summary: { readonly valid: number };
}

/** Kubernetes' own groups have no domain, or one that ends with k8s.io. */
const isCustom = ({ apiVersion }: Manifest) => /\..*\//.test(apiVersion) && !apiVersion.includes('.k8s.io/');

export function kubeconform({ program, schemas }: Installed, dist: string): Report {
  const skipped = unique(
    manifestsBelow(dist)
      .filter(isCustom)
      .map(({ kind }) => kind),
  );
  const checked = RELEASES.map((release) => {
    const location = join(schemas(release), '{{.ResourceKind}}{{.KindSuffix}}.json');
    const args = ['-strict', '-summary', '-output', 'json', '-skip', skipped.join(','), '-schema-location', location];
    return { release, ...(JSON.parse(output(program('kubeconform'), [...args, dist])) as Conformity) };
  });
  return {
    tool: 'kubeconform',
    passed: checked.map(({ release, summary }) => `${summary.valid} objects with Kubernetes ${release}`).join(', '),
    silenced: skipped,
    findings: checked.flatMap(({ release, resources }) =>
      resources.map(({ filename, kind, name, msg }) => ({
        id: release,
        where: `${filename} ${kind} ${name}`,
        says: msg,
      })),
    ),
  };
}
