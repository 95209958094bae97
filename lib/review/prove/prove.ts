import { type PodsSeenAs, parsePromises, refuse } from '../../network';
import { PRODUCTS, type Product } from '../../routers';
import { type Placed, readManifests } from '../plan/manifest';
import type { Tree } from '../tree';
import { answerWays, missingRouterWays, podRouteWays } from './answer-ways';
import { clusterOf } from './cluster';
import { poolWays } from './pool-ways';
import { type Choice, choicesAt, type Router, Routers, readEnds } from './routers';
import { serviceWays } from './service-ways';
import { neededByPools, neededByRoutes, SiteView } from './site-view';
import type { Way } from './way';

/** The paths of one site, if its routers run certain products. */
export interface SiteProof {
  readonly site: string;
  /** The product that all routers run; undefined if they run different ones, or if none of them has files here. */
  readonly product: Product | undefined;
  /** What each side runs; empty if none of its routers has files here. */
  readonly products: SiteProducts;
  readonly ways: readonly Way[];
  /** Assumptions about things that the files do not contain. */
  readonly assumed: readonly string[];
  /** Whether one of the assumptions is made only because the site does not state it. */
  readonly isUnsaid: boolean;
}

interface SiteProducts {
  readonly cluster: readonly Product[];
  readonly onPremise: readonly Product[];
}

const PROMISES = /^routers\/([^/]+)\/promises\.json$/;

/**
 * Compares the output of synth with what the sites promise: for each site with every product that its routers have files
 * for, at both ends first, then with different ones.
 * @throws InputError for a file that cannot be read, or that has a line that no reader understands.
 */
export function proofsOf(tree: Tree): SiteProof[] {
  return viewsOf(tree).map(({ site, view }) => proofOf(site, view));
}

interface ProductView {
  readonly site: string;
  readonly view: SiteView;
}

/** Everything to verify, by site and products. @throws InputError as proofsOf() */
export function viewsOf(tree: Tree): ProductView[] {
  const ends = readEnds(tree).filter(({ models }) => models.size > 0);
  const known = new Map<string, Routers>();
  const routersOf = (choice: Choice) => {
    const key = `${choice.cluster} ${choice.onPremise}`;
    const routers = known.get(key) ?? new Routers(ends, choice);
    known.set(key, routers);
    return routers;
  };
  return [...tree].flatMap(([path, text]) => {
    const site = PROMISES.exec(path)?.[1];
    if (site === undefined) return [];
    const promises = parsePromises(text);
    const cluster = clusterOf(objectsIn(tree, site));
    const choices = choicesAt(ends.filter((end) => end.site === site));
    return choices.map((choice) => ({ site, view: new SiteView(site, promises, cluster, routersOf(choice)) }));
  });
}

function objectsIn(tree: Tree, site: string): Placed[] {
  const paths = [...tree.keys()].filter((path) => path.startsWith(`dist/${site}/`) && path.endsWith('.yaml'));
  return paths.flatMap((path) => {
    try {
      return readManifests(path, tree.get(path) as string);
    } catch (error) {
      throw refuse(path, `cannot be read: ${(error as Error).message}`, 'run npm run synth');
    }
  });
}

function proofOf(site: string, view: SiteView): SiteProof {
  const products = { cluster: productsAt(view.clusterRouters), onPremise: productsAt(view.premises) };
  const all = new Set([...products.cluster, ...products.onPremise]);
  return {
    site,
    product: all.size === 1 ? [...all][0] : undefined,
    products,
    ways: [
      ...serviceWays(view),
      ...poolWays(view),
      ...missingRouterWays(view),
      ...answerWays(view),
      ...podRouteWays(view),
    ],
    assumed: assumptionsOf(view, all.size > 0),
    isUnsaid: view.promises.podsSeenAs === undefined,
  };
}

function productsAt(routers: readonly Router[]): Product[] {
  const found = new Set(routers.flatMap(({ ends }) => ends.map(({ product }) => product)));
  return PRODUCTS.filter((product) => found.has(product));
}

const PODS: Readonly<Record<PodsSeenAs | 'unset', string>> = {
  unset: 'the CNI masquerades pods: check it (docs/pods.md), then set cluster.podsSeenAs',
  nodes: 'the CNI masquerades pods, as cluster.podsSeenAs says',
  themselves: 'the CNI leaves pods their own address, as cluster.podsSeenAs says',
};

function assumptionsOf(view: SiteView, hasRouters: boolean): string[] {
  const { networks, services, podsSeenAs } = view.promises;
  const hasUdp = [...services.values()].some(({ ports }) => ports.some(({ protocol }) => protocol !== 'TCP'));
  const others = [...networks].filter(([, { hasVpn }]) => !hasVpn).map(([name]) => name);
  return [
    PODS[podsSeenAs ?? 'unset'],
    ...neededByRoutes(view),
    ...(view.learned.length === 0
      ? []
      : [`routers of the cluster know the route to ${view.learned.join(', ')} by other means`]),
    ...neededByPools(view),
    'firewalls on the way let these packets pass',
    ...(hasUdp ? ['UDP and SCTP packets fit through ESP; a TCP segment limit does not shorten them'] : []),
    ...(hasRouters
      ? ['on-premise hosts send answers to their router', 'every link on the way carries packets of 1500 bytes']
      : []),
    ...(others.length === 0
      ? []
      : [`the routers of ${others.join(', ')} are configured by other means, and correctly`]),
  ];
}
