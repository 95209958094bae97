import { InputError, MAIN_TABLE, parseRouteList, parseUnicastSubnet, type Route, type RouteRules } from '../../network';
import type { Manifest, Placed } from './manifest';

/** A NodeRoutes, read from its manifests. */
export interface Pool {
  readonly name: string;
  readonly namespace: string;
  readonly daemonSet: Placed;
  /** The ConfigMap with the list. */
  readonly list: Placed | undefined;
  /** All objects that belong to it. */
  readonly parts: readonly Placed[];
  /** The agent's settings: environment variables with a value. */
  readonly settings: Readonly<Record<string, string>>;
  readonly routes: readonly Route[];
  /** Why the list cannot be read. */
  readonly refusal: string | undefined;
  /** Whether the list is part of the pod template. Then the ConfigMap is only for people to read. */
  readonly isRolling: boolean;
  /** In rolling mode: whether the list in the ConfigMap differs from the one in the pod template, which is in force. */
  readonly listsDiffer: boolean;
  /** How many nodes may be without a Ready pod: a number, or a percentage. */
  readonly maxUnavailable: string;
  /** The number of nodes as given in main.ts. */
  readonly nodeCount: number | undefined;
  /** The files of its program; none if the image contains it. */
  readonly programs: readonly Program[];
  readonly image: string;
}

/** A file of the agent's program, in a ConfigMap of its own. */
interface Program {
  readonly file: string;
  readonly text: string;
  readonly placed: Placed;
}

type ListOrRefusal = Pick<Pool, 'routes' | 'refusal'>;

/** The parts of a pod spec that a plan reads. */
interface PodSpec {
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly containers?: readonly Container[];
  readonly volumes?: readonly Volume[];
}

interface Volume {
  readonly configMap?: ConfigMapSource;
  readonly projected?: { readonly sources?: readonly { readonly configMap?: ConfigMapSource }[] };
}

interface ConfigMapSource {
  readonly name?: string;
}

interface Container {
  readonly image?: string;
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
}

const LABEL = 'app.kubernetes.io/';
/** The files of the agent's program, which are keys of ConfigMaps. */
const PROGRAM_FILES = ['agent.cjs', 'routing.cjs'];
/** The list that is part of the pod template in rolling mode. */
export const LIST_ANNOTATION = 'onprem-link/routes';
const NODE_COUNT_ANNOTATION = 'onprem-link/node-count';

/** The pools of a site: the agent's DaemonSets with the objects that they refer to. */
export function poolsOf(objects: readonly Placed[]): Pool[] {
  return objects.filter(({ manifest }) => isAgent(manifest)).map((placed) => poolOf(placed, objects));
}

/** The files of the agent's program in an object, with their texts. */
export function programFilesOf({ data }: Manifest): [string, string][] {
  return Object.entries((data ?? {}) as Record<string, string>).filter(([key]) => PROGRAM_FILES.includes(key));
}

export function podTemplateOf(manifest: Manifest): Manifest | undefined {
  return (manifest.spec as { template?: Manifest } | undefined)?.template;
}

/**
 * Whether the agents of the pool take the change to `after` for an uninstall and remove their routes: the DaemonSet is
 * a different one, and the ConfigMap that the old agents watch is removed.
 */
export function isUninstalledBy(before: Pool, after: Pool): boolean {
  if (before.settings.ON_UNINSTALL === 'keep') return false;
  if (before.namespace !== after.namespace) return true;
  return before.name !== after.name && before.settings.CONFIG_MAP !== after.settings.CONFIG_MAP;
}

/** `all nodes`, or the labels that select them. */
export function nodesOf({ daemonSet }: Pool): string {
  const selector = Object.entries(podSpecOf(daemonSet.manifest).nodeSelector ?? {})
    .filter(([key]) => key !== 'kubernetes.io/os')
    .map(([key, value]) => (value === '' ? key : `${key}=${value}`));
  return selector.length === 0 ? 'all Linux nodes' : `nodes with ${selector.join(', ')}`;
}

/** The path of a route: its own next hops, or the next hop of the private network, which each node looks up itself. */
export function wayOf(route: Route, { settings }: Pool): string {
  const link = route.interface === undefined ? '' : `dev ${route.interface}`;
  const joint = route.mode === 'failover' ? ', else ' : ' and ';
  if (route.nextHops.length > 0) return `via ${route.nextHops.join(joint)} ${link}`.trimEnd();
  if (link !== '') return link;
  return `next hop of ${privateNetworks(settings, route.subnet.family)}`;
}

function isAgent({ kind, metadata }: Manifest): boolean {
  return kind === 'DaemonSet' && metadata.labels?.[`${LABEL}component`] === 'route-agent';
}

function poolOf(daemonSet: Placed, objects: readonly Placed[]): Pool {
  const { metadata } = daemonSet.manifest;
  const namespace = metadata.namespace ?? '';
  const spec = podSpecOf(daemonSet.manifest);
  const container = spec.containers?.[0];
  const settings = Object.fromEntries(
    // An empty value equals a missing one, both for the agent and for the API server.
    (container?.env ?? []).flatMap(({ name, value }) => (value ? [[name, value]] : [])),
  );
  const configMaps = objects.filter(
    ({ manifest }) => manifest.kind === 'ConfigMap' && (manifest.metadata.namespace ?? '') === namespace,
  );
  const named = (name: string | undefined) => configMaps.find(({ manifest }) => manifest.metadata.name === name);
  const list = named(settings.CONFIG_MAP);
  const shown = textOf(list);
  const isRolling = settings.CHANGES === 'rolling';
  const text = isRolling ? podTemplateOf(daemonSet.manifest)?.metadata?.annotations?.[LIST_ANNOTATION] : shown;
  const nodeCount = metadata.annotations?.[NODE_COUNT_ANNOTATION];
  const programs = (spec.volumes ?? [])
    .flatMap(({ configMap, projected }) => [configMap, ...(projected?.sources ?? []).map((source) => source.configMap)])
    .flatMap((source) => programsIn(named(source?.name)));
  return {
    name: metadata.name,
    namespace,
    daemonSet,
    list,
    parts: [daemonSet, list, ...programs.map(({ placed }) => placed)].filter((part) => part !== undefined),
    settings,
    ...readList(text, settings),
    isRolling,
    listsDiffer: isRolling && text !== shown,
    maxUnavailable: maxUnavailableOf(daemonSet.manifest),
    nodeCount: nodeCount === undefined ? undefined : Number(nodeCount),
    programs,
    image: container?.image ?? '',
  };
}

/** A cache of parsed lists: most are the same on both sides. */
const known = new Map<string, ListOrRefusal>();

function readList(text: string | undefined, settings: Pool['settings']): ListOrRefusal {
  const place = settings.CHANGES === 'rolling' ? LIST_ANNOTATION : `ConfigMap ${settings.CONFIG_MAP}`;
  if (text === undefined) return { routes: [], refusal: `there is no ${place} with routes` };
  const rules = rulesOf(settings);
  const key = `${JSON.stringify(rules)} ${text}`;
  const result = known.get(key) ?? parseList(text, rules);
  known.set(key, result);
  return result;
}

function parseList(text: string, rules: RouteRules): ListOrRefusal {
  try {
    return { routes: parseRouteList(text, rules).routes, refusal: undefined };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { routes: [], refusal: error.message.split('\n')[0]?.replaceAll('`', "'") };
  }
}

function rulesOf(settings: Pool['settings']): RouteRules {
  return {
    table: Number(settings.ROUTE_TABLE ?? MAIN_TABLE),
    metric: Number(settings.ROUTE_METRIC ?? 0),
    allowDefaultRoute: settings.ALLOW_DEFAULT_ROUTE === 'true',
  };
}

function privateNetworks({ PRIVATE_NETWORKS: text = '' }: Pool['settings'], family: number): string {
  const ofFamily = text.split(',').filter((subnet) => {
    try {
      return parseUnicastSubnet(subnet, { allowWide: true }).family === family;
    } catch {
      return false;
    }
  });
  return ofFamily.length === 0 ? 'no private network' : ofFamily.join(' or ');
}

function textOf(list: Placed | undefined): string | undefined {
  return (list?.manifest.data as Record<string, string> | undefined)?.routes;
}

function maxUnavailableOf({ spec }: Manifest): string {
  const { updateStrategy } = spec as { updateStrategy?: { rollingUpdate?: { maxUnavailable?: unknown } } };
  return `${updateStrategy?.rollingUpdate?.maxUnavailable ?? 1}`;
}

function podSpecOf(manifest: Manifest): PodSpec {
  return (podTemplateOf(manifest)?.spec as PodSpec | undefined) ?? {};
}

/** The files of the agent's program in a ConfigMap. */
function programsIn(placed: Placed | undefined): Program[] {
  if (placed === undefined) return [];
  return programFilesOf(placed.manifest).map(([file, text]) => ({ file, text, placed }));
}
