import { calicoRisks } from './calico-risks';
import { kindOf } from './lines';
import { type Placed, readManifests } from './manifest';
import { compareObjects, pairObjects } from './objects';
import type { Pair } from './pairs';
import { type Pool, poolsOf } from './pool';
import { comparePools, pairPools } from './pools';
import { compareRights, rightsOf } from './rights';
import { danger, type Risk } from './risk';
import { objectRisks, poolRisks, serviceRisks } from './risks';
import { compareServices, type ExternalServiceModel, pairServices, servicesOf } from './services';
import type { SitePlan } from './types';

/** A site, read from its folder in dist/. */
export interface SiteModel {
  readonly name: string;
  readonly objects: readonly Placed[];
  readonly pools: readonly Pool[];
  readonly services: readonly ExternalServiceModel[];
  /** Files that cannot be read, with the reason. */
  readonly unreadable: readonly string[];
}

/** The objects of a folder; only YAML and JSON files are manifests. */
export function readSite(name: string, files: ReadonlyMap<string, string>): SiteModel {
  const unreadable: string[] = [];
  const objects = [...files].flatMap(([path, text]) => {
    if (!/\.(?:ya?ml|json)$/.test(path)) return [];
    try {
      return readManifests(path, text);
    } catch (error) {
      unreadable.push(`\`${path}\` cannot be read: ${(error as Error).message.replaceAll('`', "'")}`);
      return [];
    }
  });
  return { name, objects, pools: poolsOf(objects), services: servicesOf(objects), unreadable };
}

/** Compares two versions of a site; one side is missing if the site is new or removed. */
export function compareSites({ before, after }: Pair<SiteModel>): SitePlan {
  const pools = pairPools(before?.pools ?? [], after?.pools ?? []);
  const services = pairServices(before?.services ?? [], after?.services ?? []);
  const known = [
    ...pools.flatMap(poolParts),
    ...services.flatMap(({ before: old, after: now }) => pairOf(old?.parts[0], now?.parts[0])),
  ];
  const objects = pairObjects(before?.objects ?? [], after?.objects ?? [], known);
  const poolPlans = pools.map(comparePools);
  const servicePlans = services.map(compareServices);
  const names = newNames([...objects, ...known]);
  return {
    name: ((after ?? before) as SiteModel).name,
    ...(before && after && before.name !== after.name && { formerName: before.name }),
    kind: kindOf(before, after),
    risks: [
      ...siteRisks(before, after),
      ...pools.flatMap((pair, i) => poolRisks(pair, poolPlans[i] as (typeof poolPlans)[number])),
      ...servicePlans.flatMap(serviceRisks),
      ...calicoRisks(before, after),
      ...objectRisks(objects),
    ],
    rights: compareRights(rightsOf(before?.objects ?? []), rightsOf(after?.objects ?? []), names.byKind),
    pools: poolPlans.filter(({ kind }) => kind !== 'unchanged'),
    services: servicePlans.filter(({ kind }) => kind !== 'unchanged'),
    objects: objects.flatMap((pair) => compareObjects(pair, names.plain) ?? []),
  };
}

function siteRisks(before: SiteModel | undefined, after: SiteModel | undefined): Risk[] {
  if (after === undefined || (after.objects.length === 0 && (before?.objects.length ?? 0) > 0))
    return [
      danger(
        `site \`${(after ?? before)?.name}\` has no objects left: the tool that syncs \`dist/${before?.name}/\` deletes all of them from the cluster`,
      ),
    ];
  const renamed = before !== undefined && before.name !== after.name;
  return [
    ...after.unreadable.map(danger),
    ...(renamed
      ? [
          danger(
            `the folder \`dist/${before.name}/\` is now \`dist/${after.name}/\`: the tool that syncs the old path deletes all of its objects`,
          ),
        ]
      : []),
  ];
}

/** The objects of a pool that are the same on both sides, even if their names changed. */
function poolParts({ before, after }: Pair<Pool>): Pair<Placed>[] {
  if (before === undefined || after === undefined) return [];
  const listOf = ({ parts, settings }: Pool) =>
    parts.find(({ manifest }) => manifest.metadata.name === settings.CONFIG_MAP);
  return [
    { before: before.daemonSet, after: after.daemonSet },
    ...pairOf(listOf(before), listOf(after)),
    ...before.programs.flatMap(({ file, placed }) =>
      pairOf(placed, after.programs.find((program) => program.file === file)?.placed),
    ),
  ];
}

function pairOf(before: Placed | undefined, after: Placed | undefined): Pair<Placed>[] {
  return before === undefined || after === undefined ? [] : [{ before, after }];
}

/** New names by old names: plain, and with the kind before the name. */
function newNames(pairs: readonly Pair<Placed>[]): Record<'plain' | 'byKind', Map<string, string>> {
  const plain = new Map<string, string>();
  const byKind = new Map<string, string>();
  for (const { before, after } of pairs) {
    const [old, now] = [before?.manifest, after?.manifest];
    if (old === undefined || now === undefined || old.metadata.name === now.metadata.name) continue;
    plain.set(old.metadata.name, now.metadata.name);
    byKind.set(`${old.kind} ${old.metadata.name}`, `${now.kind} ${now.metadata.name}`);
  }
  return { plain, byKind };
}
