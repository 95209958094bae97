import { changedFields, leavesOf } from './fields';
import { kindOf } from './lines';
import { keyOf, type Manifest, nameOf, type Placed } from './manifest';
import { overlapOf, type Pair, pairUp } from './pairs';
import { programFilesOf } from './pool';
import type { ObjectChange } from './types';

/** Fields, by kind, that another part of the plan reports. All others are reported one by one. */
const TOLD_ELSEWHERE: Readonly<Record<string, RegExp>> = {
  ConfigMap: /^(?:data\.(?:routes|servers)$|data\.(?:agent|routing)\.cjs$)/,
  DaemonSet:
    /^spec\.template\.(?:metadata\.annotations\.onprem-link\/routes$|spec\.containers\[[^\]]*\]\.(?:env\[|image$)|spec\.volumes\[agent\]\.(?:configMap\.|projected\.defaultMode$|projected\.sources\[[01]\]\.configMap\.name$))/,
  Service: /^(?:spec\.ports\b|metadata\.annotations\.onprem-link\/real-addresses$)/,
  EndpointSlice: /^(?:endpoints\b|ports\b|metadata\.annotations\.onprem-link\/real-addresses$)/,
  Endpoints: /^(?:subsets\b|metadata\.annotations\.onprem-link\/real-addresses$)/,
  Role: /^rules\b/,
  ClusterRole: /^rules\b/,
};

/** Objects of these kinds are added and removed with their pool or Service. */
const PARTS: ReadonlySet<string> = new Set(['EndpointSlice', 'Endpoints']);

/**
 * Compares the objects of two sites.
 * @param known pairs that were already matched as the same object.
 */
export function pairObjects(
  before: readonly Placed[],
  after: readonly Placed[],
  known: readonly Pair<Placed>[],
): Pair<Placed>[] {
  const isKnown = new Set(known.flatMap((pair) => [pair.before, pair.after]));
  const left = (objects: readonly Placed[]) =>
    new Map(objects.filter((one) => !isKnown.has(one)).map((one) => [keyOf(one.manifest), one]));
  return [...known, ...pairUp(left(before), left(after), likeness)];
}

/**
 * The plan's entry for a pair of objects; undefined if other parts of the plan cover it completely.
 * @param renamed new names by old names, for any object that this one refers to.
 */
export function compareObjects(
  { before, after }: Pair<Placed>,
  renamed: ReadonlyMap<string, string>,
): ObjectChange | undefined {
  const { manifest } = (after ?? before) as Placed;
  const isRenamed =
    before !== undefined && after !== undefined && before.manifest.metadata.name !== manifest.metadata.name;
  const fields = before && after ? untold(before.manifest, manifest, renamed) : [];
  const kind = kindOf(before, after);
  if (isToldElsewhere(manifest) && fields.length === 0) return undefined;
  if (kind === 'changed' && fields.length === 0 && !isRenamed) return undefined;
  return { kind, name: nameOf(manifest), ...(isRenamed && { formerName: nameOf(before.manifest) }), fields };
}

function isToldElsewhere(manifest: Manifest): boolean {
  return PARTS.has(manifest.kind) || programFilesOf(manifest).length > 0;
}

function untold(before: Manifest, after: Manifest, renamed: ReadonlyMap<string, string>): ObjectChange['fields'] {
  const names = new Map([...renamed, [before.metadata.name, after.metadata.name]]);
  const old = withNames(before, (name) => names.get(name) ?? name);
  return changedFields(old, after).filter(({ name }) => !TOLD_ELSEWHERE[after.kind]?.test(name));
}

/**
 * The share of fields that two objects of the same kind have in common, not counting fields that are equal in all
 * objects.
 */
function likeness({ manifest: old }: Placed, { manifest: now }: Placed): number {
  if (old.kind !== now.kind || old.kind === 'Service' || PARTS.has(old.kind)) return 0;
  return overlapOf(content(old), content(now));
}

function content(manifest: Manifest): string[] {
  const own = manifest.metadata.name;
  const { apiVersion: _, kind: __, metadata, ...rest } = withNames(manifest, (name) => (name === own ? '*' : name));
  return [...leavesOf({ metadata: { ...metadata, labels: {} }, ...rest })].map((leaf) => leaf.join(' = '));
}

/** The object with its references renamed: whole values, and the last segments of paths such as /livez/node-routes. */
function withNames(manifest: Manifest, nameFor: (name: string) => string): Manifest {
  const replaced = (value: unknown): unknown => {
    if (typeof value === 'string')
      return value.replace(/^(\/(?:[^/]*\/)*)?([^/]*)$/, (_, path = '', last) => path + nameFor(last));
    if (Array.isArray(value)) return value.map(replaced);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, replaced(field)]));
  };
  return replaced(manifest) as Manifest;
}
