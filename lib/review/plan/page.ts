import { addressText } from '../addresses';
import { type AlertLevel, type Block, code, counted, printable, type Row, shortList } from '../page/page';
import { fieldRows, routeRows, serviceRows } from './rows';
import type {
  ObjectChange,
  Plan,
  PoolPlan,
  ProgramChange,
  RightsChange,
  RouterChange,
  ServicePlan,
  SitePlan,
} from './types';

/** A plan as a page: dangers first, then the network, then everything else in the files. */
export function planPage(plan: Plan): Block[] {
  const against = printable(plan.against);
  const stale = plan.stale === undefined ? [] : [staleAlert(plan.stale)];
  if (!plan.isChanged) return [...stale, line(`Nothing changes against ${against}.`)];
  const { sites, routers, otherFiles, unchangedSites, overlaps = [] } = plan;
  const body = [
    ...sites.flatMap(sitePage),
    ...(routers.length === 0 ? [] : routerPage(routers)),
    ...(otherFiles.length === 0
      ? []
      : [line(`Other files: ${otherFiles.map(({ path, kind }) => `${code(path)} ${kind}`).join(', ')}`)]),
  ];
  return [
    heading(`Plan against ${against}`),
    ...stale,
    ...goneAlert(sites),
    ...(overlaps.length === 0 ? [] : [alert('warning', 'Overlaps across sites', overlaps.map(printable))]),
    ...(body.length === 0 ? [line('Only the text of files changes; no cluster and no router is affected.')] : body),
    ...(unchangedSites.length === 0 ? [] : [line(`Unchanged: ${unchangedSites.map(code).join(', ')}`)]),
  ];
}

function staleAlert({ files, remedy }: NonNullable<Plan['stale']>): Block {
  const shown = shortList(files.map(code));
  const text = `This plan is for main.ts. These files differ from its output: ${shown}. Run ${code(remedy)} and commit the result.`;
  return alert('danger', 'dist/ differs from the output of main.ts', [text]);
}

/** Removed sites come first and stand out. */
function goneAlert(sites: readonly SitePlan[]): Block[] {
  const gone = sites.filter(({ kind }) => kind === 'removed');
  if (gone.length === 0) return [];
  const lines = gone.map(({ name, pools, services }) => {
    const routes = pools.reduce((sum, pool) => sum + pool.routes.removed.length, 0);
    return `${code(name)}: the cluster loses ${counted(routes, 'route')} and ${counted(services.length, 'Service')}`;
  });
  return [alert('danger', `${counted(gone.length, 'WHOLE SITE')} REMOVED`, lines)];
}

function sitePage(site: SitePlan): Block[] {
  const { name, formerName, kind, risks, rights, pools, services, objects } = site;
  const dangers = risks.filter(({ level }) => level === 'danger').map(({ text }) => printable(text));
  const warnings = risks.filter(({ level }) => level === 'warning').map(({ text }) => printable(text));
  const body: Block[] = [
    ...(rights.length === 0 || kind === 'removed' ? [] : [rightsAlert(rights, kind)]),
    ...(dangers.length === 0 ? [] : [alert('danger', 'Dangerous', dangers)]),
    ...(warnings.length === 0 ? [] : [alert('warning', 'Check before you merge', warnings)]),
    ...pools.flatMap(poolPage),
    ...services.flatMap(servicePage),
    ...objectPage(objects),
  ];
  const title = `Site ${code(name)}${formerly(formerName)}${changeText(kind)}`;
  if (body.length > 0) return [heading(title), ...body];
  if (formerName === undefined)
    return [line(`${title}: the objects are unchanged; only file names or formatting differ`)];
  return [heading(title)];
}

/** Stands out if an existing site gains rights; a new site is reviewed as a whole. */
function rightsAlert(rights: readonly RightsChange[], kind: SitePlan['kind']): Block {
  const gained = rights.some((change) => change.kind === 'gained');
  const lines = rights.map(
    (change) => `${code(change.who)} ${change.kind === 'gained' ? 'gains' : 'loses'}: ${printable(change.what)}`,
  );
  if (kind === 'added') return alert('warning', 'Rights: what this site may do', lines);
  return alert(gained ? 'danger' : 'note', 'RIGHTS CHANGE', lines);
}

function poolPage(pool: PoolPlan): Block[] {
  const { name, formerName, kind, nodes, routes, program, image, settings, restart } = pool;
  const { added, removed, moved, adjusted, addresses } = routes;
  const counts = [
    ...(added.length === 0 ? [] : [`${counted(added.length, 'route')} added (${addressText(addresses.added)})`]),
    ...(removed.length === 0
      ? []
      : [`${counted(removed.length, 'route')} removed (${addressText(addresses.removed)})`]),
    ...(moved.length === 0
      ? []
      : [`${counted(moved.length, 'route')} moved to another next hop (${addressText(addresses.moved)})`]),
    ...(adjusted.length === 0 ? [] : [`${counted(adjusted.length, 'route')} adjusted`]),
  ];
  const rows = routeRows(routes);
  return [
    line(
      `Pool ${code(name)}${formerly(formerName)}${changeText(kind)} on ${printable(nodes)}: ${counts.join(', ') || 'routes unchanged'}; ${counted(routes.total, 'route')} in total.`,
    ),
    ...(rows.length === 0 ? [] : [table(rows)]),
    ...(program === undefined || kind === 'removed' ? [] : [line(programText(program))]),
    ...(image === undefined ? [] : [line(`Image: ${code(image.before)} → ${code(image.after)}.`)]),
    ...(settings.length === 0 ? [] : [line('Settings of the agent:'), table(fieldRows(settings))]),
    line(`Restarts: ${printable(restart.text)}.`),
  ];
}

function programText({ before, after, linesAdded, linesRemoved }: ProgramChange): string {
  if (after === undefined) return `Agent code: ${sizeText(before?.size ?? 0)} in ConfigMaps moves into the image.`;
  const all = [after, ...after.more];
  const [names, paths] = [all.map(({ name }) => code(name)), all.map(({ path }) => code(path))];
  const where = `read it in ${paths.join(' and ')}`;
  if (before === undefined) return `Agent code: ${sizeText(after.size)} in ${names.join(' and ')}, new; ${where}.`;
  return `Agent code: ${sizeText(before.size)} → ${sizeText(after.size)}, +${linesAdded} −${linesRemoved} lines; ${where}.`;
}

function servicePage(service: ServicePlan): Block[] {
  const { name, formerName, kind, total, added, removed, readdressed } = service;
  const counts = [
    ...(added.length === 0 ? [] : [`${counted(added.length, 'server')} added`]),
    ...(removed.length === 0 ? [] : [`${counted(removed.length, 'server')} removed`]),
    ...(readdressed.length === 0 ? [] : [`${counted(readdressed.length, 'server')} re-addressed`]),
  ];
  const rows = serviceRows(service);
  return [
    line(
      `Service ${code(name)}${formerly(formerName)}${changeText(kind)}: ${counts.join(', ') || 'servers unchanged'}; ${counted(total, 'server')} in total.`,
    ),
    ...(service.health?.leavesGit === true
      ? [line('Its EndpointSlices are removed from Git: from now on, the server health program writes them.')]
      : []),
    ...(rows.length === 0 ? [] : [table(rows)]),
  ];
}

function objectPage(objects: readonly ObjectChange[]): Block[] {
  const names = (kind: ObjectChange['kind']) =>
    objects.filter((one) => one.kind === kind).map(({ name }) => code(name));
  const [added, removed] = [names('added'), names('removed')];
  const renamed = objects.filter(({ fields, formerName }) => formerName !== undefined && fields.length === 0);
  const changed = objects.filter((one) => one.kind === 'changed' && !renamed.includes(one));
  return [
    ...(added.length === 0 ? [] : [line(`New objects: ${added.join(', ')}`)]),
    ...(removed.length === 0 ? [] : [line(`Removed objects: ${removed.join(', ')}`)]),
    ...(renamed.length === 0
      ? []
      : [
          line(
            `Renamed: ${renamed.map(({ name, formerName = '' }) => `${code(formerName)} → ${code(name)}`).join(', ')}`,
          ),
        ]),
    ...changed.flatMap(({ name, formerName, fields }) => [
      line(`Also changed: ${code(name)}${formerly(formerName)}${fields.length === 0 ? '' : ':'}`),
      ...(fields.length === 0 ? [] : [table(fieldRows(fields))]),
    ]),
  ];
}

function routerPage(routers: readonly RouterChange[]): Block[] {
  const lines = routers.map(({ router, files, changes }) => {
    const texts = files.map(({ path, kind, linesAdded, linesRemoved }) => {
      const name = code(path.slice(router.length + 1));
      return kind === 'changed' ? `${name} +${linesAdded} −${linesRemoved}` : `${name} ${kind}`;
    });
    const load = changes.length === 0 ? 'nothing to load' : `load ${changes.map(code).join(' or ')}`;
    return `${code(router)}: ${load}; ${texts.join(', ')}`;
  });
  const written = routers.some(({ changes }) => changes.length > 0)
    ? [
        `Run the plan with ${code('--routers DIR')} to write the files to load, each for a router in the previous state.`,
      ]
    : [];
  return [alert('warning', 'Routers: load these changes at the same time', [...lines, ...written])];
}

function formerly(name: string | undefined): string {
  return name === undefined ? '' : ` (formerly ${code(name)})`;
}

function changeText(kind: SitePlan['kind']): string {
  return { added: ' (new)', removed: ' (removed)', changed: '', unchanged: '' }[kind];
}

/** `160.2 KiB`. */
function sizeText(bytes: number): string {
  return bytes < 1024 ? `${bytes} B` : `${(bytes / 1024).toFixed(1)} KiB`;
}

const heading = (text: string): Block => ({ kind: 'heading', text });
const line = (text: string): Block => ({ kind: 'line', text });
const table = (rows: readonly Row[]): Block => ({ kind: 'table', rows });
const alert = (level: AlertLevel, title: string, lines: readonly string[]): Block => ({
  kind: 'alert',
  level,
  title,
  lines,
});
