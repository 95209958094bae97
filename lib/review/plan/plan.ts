import { counted } from '../page/page';
import type { Tree } from '../tree';
import { changedFiles } from './lines';
import { compareText, overlapOf, type Pair, pairUp } from './pairs';
import { warning } from './risk';
import { routerChangesOf } from './router-changes';
import { compareSites, readSite, type SiteModel } from './site';
import type { FileChange, Plan, RouterChange, SitePlan } from './types';

const DIST = 'dist';
const ROUTERS = 'routers';
/** Synthesis reads this file; no router loads it. */
const NUMBERS = 'routers/numbers.json';
/** Repeats, for `npm run prove`, what the other files contain. */
const PROMISES = /^routers\/[^/]+\/promises\.json$/;

/** What changes if `after` is merged while `before` is in force. Sites whose files are equal are not parsed. */
export function planOf(before: Tree, after: Tree, against: string): Plan {
  const [old, now] = [sitesIn(before), sitesIn(after)];
  const unchanged = [...now.keys()].filter((name) => isSameTree(old.get(name), now.get(name)));
  const models = (sites: ReadonlyMap<string, Tree>) =>
    new Map(
      [...sites].filter(([name]) => !unchanged.includes(name)).map(([name, files]) => [name, readSite(name, files)]),
    );
  const pairs = pairUp(models(old), models(now), siteLikeness);
  const routers = routerChanges(below(before, ROUTERS), below(after, ROUTERS));
  const isElse = (path: string) => !path.startsWith(`${DIST}/`) && !path.startsWith(`${ROUTERS}/`);
  return {
    against,
    isChanged: !isSameTree(before, after),
    unchangedSites: unchanged.sort(compareText),
    sites: pairs.map((pair) => withRouterRisk(compareSites(pair), routers, pair)),
    routers,
    otherFiles: changedFiles(filter(before, isElse), filter(after, isElse)),
  };
}

/** One site for each folder; files in dist/ itself belong to a site without a name. */
function sitesIn(tree: Tree): Map<string, Map<string, string>> {
  const sites = new Map<string, Map<string, string>>();
  for (const [path, text] of below(tree, DIST)) {
    const [, site = '', ...rest] = path.split('/');
    const name = rest.length === 0 ? '.' : site;
    const files = sites.get(name) ?? new Map<string, string>();
    sites.set(name, files.set(path, text));
  }
  return sites;
}

/** A site with a new name but the same destinations and servers is the same site in a new folder. */
function siteLikeness(before: SiteModel, after: SiteModel): number {
  return overlapOf(destinationsOf(before), destinationsOf(after));
}

function destinationsOf({ pools, services }: SiteModel): string[] {
  return [
    ...pools.flatMap(({ routes }) => routes.map(({ subnet }) => `${subnet}`)),
    ...services.flatMap(({ servers }) => servers.map(({ address }) => address)),
  ];
}

/** Changed files by router, that is, by folder below routers/<site>/. */
function routerChanges(before: Tree, after: Tree): RouterChange[] {
  const routers = new Map<string, FileChange[]>();
  for (const change of changedFiles(before, after)) {
    if (change.path === NUMBERS || PROMISES.test(change.path)) continue;
    const router = change.path.split('/').slice(0, -1).join('/');
    routers.set(router, [...(routers.get(router) ?? []), change]);
  }
  const toLoad = [...routerChangesOf(before, after).keys()].map((path) => `${ROUTERS}/${path}`);
  const namesIn = (router: string) =>
    toLoad.filter((path) => path.startsWith(`${router}/change.`)).map((path) => path.slice(router.length + 1));
  return [...routers].map(([router, files]) => ({ router, files, changes: namesIn(router) }));
}

/** Warns if subnets are added or removed but no router file changes: then the routers are configured by other means. */
function withRouterRisk(
  site: SitePlan,
  routers: readonly RouterChange[],
  { before, after }: Pair<SiteModel>,
): SitePlan {
  const names = [before?.name, after?.name].filter((name) => name !== undefined);
  const folders = names.map((name) => `${ROUTERS}/${name}/`);
  if (routers.some(({ router }) => folders.some((folder) => `${router}/`.startsWith(folder)))) return site;
  const routes = site.pools.flatMap(({ routes: { added, removed } }) => [...added, ...removed]);
  const servers = site.services.flatMap(({ readdressed }) => readdressed);
  const subnets = [...new Set(routes.map(({ subnet }) => subnet))];
  if (subnets.length + servers.length === 0) return site;
  const what = [
    ...(subnets.length === 0
      ? []
      : [
          `${subnets.length === 1 ? `\`${subnets[0]}\` is added or removed` : `${subnets.length} subnets are added or removed`}`,
        ]),
    ...(servers.length === 0 ? [] : [`${counted(servers.length, 'server')} moved to another address`]),
  ].join(', ');
  const risk = warning(
    `${what}, but no file in \`${ROUTERS}/${site.name}/\` changes: configure the routers of the VPN at the same time`,
  );
  return { ...site, risks: [...site.risks, risk] };
}

function below(tree: Tree, folder: string): Tree {
  return filter(tree, (path) => path.startsWith(`${folder}/`));
}

function filter(tree: Tree, isWanted: (path: string) => boolean): Tree {
  return new Map([...tree].filter(([path]) => isWanted(path)));
}

function isSameTree(before: Tree | undefined, after: Tree | undefined): boolean {
  if (before?.size !== after?.size) return false;
  return [...(before ?? [])].every(([path, text]) => after?.get(path) === text);
}
