import { type PodsSeenAs, parsePromises } from '../../network';
import { PRODUCTS, type Product } from '../../routers';
import { type Placed, readManifests } from '../plan/manifest';
import { answerWays, missingRouterWays, podRouteWays } from './answer-ways';
import { clusterOf } from './cluster';
import { poolWays } from './pool-ways';
import { type End, Routers, readEnds } from './routers';
import { serviceWays } from './service-ways';
import { neededByPools, neededByRoutes, SiteView } from './site-view';
import type { Way } from './way';

/** File contents by their path in the repository. */
type Tree = ReadonlyMap<string, string>;

/** The paths of one site according to the files of one router product. */
export interface SiteProof {
  readonly site: string;
  /** Undefined if no router of the site has files here. */
  readonly product: Product | undefined;
  readonly ways: readonly Way[];
  /** Assumptions about things that the files do not contain. */
  readonly assumed: readonly string[];
  /** Whether one of the assumptions is made only because the site does not state it. */
  readonly isUnsaid: boolean;
}

const PROMISES = /^routers\/([^/]+)\/promises\.json$/;

/**
 * Compares the output of synth with what the sites promise.
 * @throws InputError for a file that cannot be read, or that has a line that no reader understands.
 */
export function proofsOf(tree: Tree): SiteProof[] {
  return viewsOf(tree).map(({ site, product, view }) => proofOf(site, product, view));
}

interface ProductView {
  readonly site: string;
  readonly product: Product | undefined;
  readonly view: SiteView;
}

/** Everything to verify, by site and product. @throws InputError as proofsOf() */
export function viewsOf(tree: Tree): ProductView[] {
  const ends = readEnds(tree);
  return [...tree].flatMap(([path, text]) => {
    const site = PROMISES.exec(path)?.[1];
    if (site === undefined) return [];
    const promises = parsePromises(text);
    const cluster = clusterOf(objectsIn(tree, site));
    const products = productsOf(ends.filter((end) => end.site === site));
    return (products.length === 0 ? [undefined] : products).map((product) => {
      const routers = product === undefined ? undefined : new Routers(ends, product);
      return { site, product, view: new SiteView(site, promises, cluster, routers) };
    });
  });
}

function objectsIn(tree: Tree, site: string): Placed[] {
  const paths = [...tree.keys()].filter((path) => path.startsWith(`dist/${site}/`) && path.endsWith('.yaml'));
  return paths.flatMap((path) => readManifests(path, tree.get(path) as string));
}

const productsOf = (ends: readonly End[]): Product[] =>
  PRODUCTS.filter((product) => ends.some(({ models }) => models.has(product)));

function proofOf(site: string, product: Product | undefined, view: SiteView): SiteProof {
  return {
    site,
    product,
    ways: [
      ...serviceWays(view),
      ...poolWays(view),
      ...missingRouterWays(view),
      ...answerWays(view),
      ...podRouteWays(view),
    ],
    assumed: assumptionsOf(view, product),
    isUnsaid: view.promises.podsSeenAs === undefined,
  };
}

const PODS: Readonly<Record<PodsSeenAs | 'unset', string>> = {
  unset: 'the CNI masquerades pods: check it (docs/pods.md), then set cluster.podsSeenAs',
  nodes: 'the CNI masquerades pods, as cluster.podsSeenAs says',
  themselves: 'the CNI leaves pods their own address, as cluster.podsSeenAs says',
};

function assumptionsOf(view: SiteView, product: Product | undefined): string[] {
  const { networks, services, podsSeenAs } = view.promises;
  const hasUdp = [...services.values()].some(({ ports }) => ports.some(({ protocol }) => protocol !== 'TCP'));
  const others = [...networks].filter(([, { hasVpn }]) => !hasVpn).map(([name]) => name);
  return [
    PODS[podsSeenAs ?? 'unset'],
    ...neededByRoutes(view),
    ...(view.learned.length === 0
      ? []
      : [`routers of the cluster know the way to ${view.learned.join(', ')} by other means`]),
    ...neededByPools(view),
    'firewalls on the way let these packets pass',
    ...(hasUdp ? ['UDP and SCTP packets fit through ESP; a TCP segment limit does not shorten them'] : []),
    ...(product === undefined
      ? []
      : ['hosts on premise send answers to their router', 'every link on the way carries packets of 1500 bytes']),
    ...(others.length === 0
      ? []
      : [`the routers of ${others.join(', ')} are configured by other means, and correctly`]),
  ];
}
