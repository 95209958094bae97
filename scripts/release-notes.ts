/** Decides the contents of a release: version, notes and bill of materials. Works on texts only. */
import { parseAllDocuments } from 'yaml';
import { ProjectError } from './project';

export interface Release {
  /** The title of the topmost section of CHANGELOG.md. */
  readonly version: string;
  /** The lines of that section, in Markdown. */
  readonly changes: string;
}

/** One section of CHANGELOG.md. */
const SECTION = /^## (.+)\n([\s\S]*?)(?=^## |$(?![\s\S]))/gm;
const VERSION = /^\d+\.\d+\.\d+(?:-[\w.]+)?$/;

/**
 * The version to release, from CHANGELOG.md.
 *
 * @param packageVersion the version in package.json
 * @param tag the commit's tag, `v` and the version. @default no tag
 * @throws ProjectError if CHANGELOG.md has unreleased lines, or the versions differ
 */
export function releaseOf(changelog: string, packageVersion: string, tag?: string): Release {
  const sections = [...changelog.matchAll(SECTION)].map(([, title = '', text = '']) => ({ title, text: text.trim() }));
  const unreleased = sections.find(({ title }) => title === 'Unreleased');
  const released = sections.find(({ title }) => title !== 'Unreleased');
  const wrong: string[] = [];
  if (unreleased !== undefined && unreleased.text !== '')
    wrong.push('CHANGELOG.md has lines under "Unreleased": move them below the version to release');
  if (released === undefined || !VERSION.test(released.title))
    wrong.push(
      `CHANGELOG.md names no version: its first section is "${released?.title}", but must be a version such as "1.2.3"`,
    );
  else {
    const { title, text } = released;
    if (text === '') wrong.push(`CHANGELOG.md says nothing about ${title}: write what changed`);
    if (packageVersion !== title)
      wrong.push(`package.json has the version ${packageVersion}, CHANGELOG.md ${title}: run npm version ${title}`);
    if (tag !== undefined && tag !== `v${title}`)
      wrong.push(`the tag is ${tag}, but CHANGELOG.md releases ${title}: tag the commit v${title}`);
  }
  if (wrong.length > 0 || released === undefined) throw new ProjectError(wrong.join('\n'));
  return { version: released.title, changes: released.text };
}

/** The fields of a workload that this file reads. */
interface Workload {
  readonly kind?: string;
  readonly metadata?: { readonly name?: string; readonly namespace?: string };
  readonly spec?: { readonly template?: unknown };
}

/** Pod templates of the DaemonSets, by name. The controller restarts agents only if this template changes. */
function agentTemplates(output: ReadonlyMap<string, string>): Map<string, string> {
  const manifests = [...output].filter(([path]) => path.startsWith('dist/') && path.endsWith('.yaml'));
  const objects = manifests.flatMap(([, text]) => parseAllDocuments(text).map((one) => one.toJS() as Workload));
  return new Map(
    objects
      .filter((object) => object?.kind === 'DaemonSet')
      .map(({ metadata, spec }) => [`${metadata?.namespace}/${metadata?.name}`, JSON.stringify(spec?.template)]),
  );
}

/**
 * Says whether nodes restart their agent, from the example's output of the previous release and of this one.
 *
 * @param before texts by path. undefined: this is the first release
 */
export function restartNote(before: ReadonlyMap<string, string> | undefined, now: ReadonlyMap<string, string>): string {
  if (before === undefined) return 'The first release.';
  const old = agentTemplates(before);
  const changed = [...agentTemplates(now)].filter(([name, template]) => old.get(name) !== template);
  return changed.length === 0
    ? 'No node restarts its agent: the pod template of its DaemonSet is the same as in the previous release.'
    : 'Nodes restart their agents in a rolling update, and keep their routes.';
}

/** The fields of a CycloneDX document that this file reads (https://cyclonedx.org/docs/1.5/json/). */
export interface Sbom {
  readonly metadata: { readonly component: object };
  readonly components: readonly { readonly 'bom-ref': string; readonly name: string }[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn?: readonly string[] }[];
}

/** The bill of materials of the package: that of the repository, without packages only needed to build and test. */
export function sbomOf(all: Sbom, roots: readonly string[]): Sbom {
  const byRef = new Map(all.dependencies.map(({ ref, dependsOn = [] }) => [ref, dependsOn]));
  const kept = new Set<string>();
  const keep = (ref: string) => {
    if (kept.has(ref)) return;
    kept.add(ref);
    for (const next of byRef.get(ref) ?? []) keep(next);
  };
  const direct = all.components.filter(({ name }) => roots.includes(name)).map((one) => one['bom-ref']);
  for (const ref of direct) keep(ref);
  const own = (all.metadata.component as { readonly 'bom-ref': string })['bom-ref'];
  return {
    ...all,
    components: all.components.filter((one) => kept.has(one['bom-ref'])),
    dependencies: [
      { ref: own, dependsOn: direct },
      ...all.dependencies.filter(({ ref }) => ref !== own && kept.has(ref)),
    ],
  };
}
