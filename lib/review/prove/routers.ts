import { InputError, refuse, type Subnet } from '../../network';
import { PRODUCTS, type Product } from '../../routers';
import { fortigateFacts } from '../../routers/read/fortigate';
import { requireKnownFortigate, requireKnownVyos } from '../../routers/read/known';
import { type LinuxFiles, linuxModel } from '../../routers/read/linux';
import { type Child, modelOfFacts, type RouterModel, type Translation } from '../../routers/read/model';
import { UnknownLine } from '../../routers/read/unknown-line';
import { vyosFacts } from '../../routers/read/vyos';
import type { Tree } from '../tree';
import { type Sa, sasOf } from './tunnel';

/**
 * One end of a VPN, `routers/example/cluster-to-datacentre`, with the router configuration that each product's files
 * define.
 */
export interface End {
  readonly folder: string;
  readonly site: string;
  readonly isCluster: boolean;
  readonly models: ReadonlyMap<Product, RouterModel>;
}

const FILE = /^(routers\/([^/]+)\/([^/]+))\/([^/]+)$/;
const READERS: Readonly<Record<Product, (files: Tree, folder: string) => RouterModel | undefined>> = {
  strongswan: (files, folder) =>
    files.has('swanctl.conf') ? linuxModel(linuxFiles(files, folder), folder) : undefined,
  vyos: (files, folder) => {
    const text = files.get('vyos.set');
    if (text === undefined) return undefined;
    requireKnownVyos(`${folder}/vyos.set`, text);
    return modelOfFacts(vyosFacts(text), 'vyos', `${folder}/vyos.set`, text);
  },
  fortigate: (files, folder) => {
    const text = files.get('fortigate.conf');
    if (text === undefined) return undefined;
    requireKnownFortigate(`${folder}/fortigate.conf`, text);
    return modelOfFacts(fortigateFacts(text), 'fortigate', `${folder}/fortigate.conf`, text);
  },
};

function linuxFiles(files: Tree, folder: string): LinuxFiles {
  const text = (name: string) => {
    const found = files.get(name);
    if (found === undefined) throw refuse(`${folder}/${name}`, 'is missing', 'run npm run synth');
    return found;
  };
  return {
    'swanctl.conf': text('swanctl.conf'),
    'nftables.conf': text('nftables.conf'),
    'routes.batch': text('routes.batch'),
    'sysctl.conf': text('sysctl.conf'),
    'rules.service': text('rules.service'),
    'routes.service': text('routes.service'),
  };
}

/** All ends of all sites. @throws InputError for anything that a reader does not understand. */
export function readEnds(tree: Tree): End[] {
  const folders = new Map<string, Map<string, string>>();
  for (const [path, text] of tree) {
    const [, folder, , , name] = FILE.exec(path) ?? [];
    if (folder === undefined || name === undefined) continue;
    folders.set(folder, (folders.get(folder) ?? new Map<string, string>()).set(name, text));
  }
  return [...folders].map(([folder, files]) => {
    const [, site = '', name = ''] = /^routers\/([^/]+)\/([^/]+)$/.exec(folder) ?? [];
    const models = PRODUCTS.flatMap((product): [Product, RouterModel][] => {
      const model = readModel(product, files, folder);
      return model === undefined ? [] : [[product, model]];
    });
    return { folder, site, isCluster: name.startsWith('cluster-to-'), models: new Map(models) };
  });
}

function readModel(product: Product, files: Tree, folder: string): RouterModel | undefined {
  try {
    return READERS[product](files, folder);
  } catch (error) {
    if (error instanceof InputError) throw error;
    const what = error instanceof UnknownLine ? `${error.source.file}:${error.source.line}` : `${folder} (${product})`;
    const why = error instanceof UnknownLine ? error.text.trim() : (error as Error).message;
    throw refuse(
      what,
      `is not understood: ${why}, so the router's behaviour is unknown`,
      'write it as npm run synth does, or run npm run synth again',
    );
  }
}

/** One router with all of its tunnels. */
export interface Router {
  readonly name: string;
  readonly isCluster: boolean;
  readonly ends: readonly RouterModel[];
  /** Tunnels of all ends, in their order. */
  readonly enters: readonly Translation[];
  readonly leaves: readonly Translation[];
  readonly children: readonly { readonly child: Child; readonly end: RouterModel }[];
  /** The local side of each end, which is needed for each packet. */
  readonly behind: ReadonlyMap<RouterModel, readonly Subnet[]>;
}

/** The product that the routers of clusters run, and the one that those on premise run. */
export interface Choice {
  readonly cluster: Product;
  readonly onPremise: Product;
}

/** An end that has no files for the chosen product runs the first one that it has files for. */
function productAt({ isCluster, models }: End, { cluster, onPremise }: Choice): Product | undefined {
  const wanted = isCluster ? cluster : onPremise;
  return models.has(wanted) ? wanted : [...models.keys()][0];
}

/** The choices that make a difference at these ends, those of a single product first. */
export function choicesAt(ends: readonly End[]): Choice[] {
  const all = PRODUCTS.flatMap((cluster) => PRODUCTS.map((onPremise) => ({ cluster, onPremise })));
  const isMixed = (choice: Choice) => Number(choice.cluster !== choice.onPremise);
  const byProducts = new Map<string, Choice>();
  for (const choice of all.sort((a, b) => isMixed(a) - isMixed(b))) {
    const products = ends.map((end) => productAt(end, choice)).join();
    if (!byProducts.has(products)) byProducts.set(products, choice);
  }
  return [...byProducts.values()];
}

/** The routers of all sites with the products of one choice. */
export class Routers {
  readonly all: readonly Router[];
  private readonly peers = new Map<RouterModel, RouterModel>();
  private readonly homes = new Map<RouterModel, Router>();
  private readonly sas = new Map<RouterModel, readonly Sa[]>();
  private readonly bySite = new Map<string, Router[]>();

  constructor(ends: readonly End[], choice: Choice) {
    const chosen = ends.flatMap((end) => {
      const product = productAt(end, choice);
      const model = product && end.models.get(product);
      return model === undefined ? [] : [{ end, model }];
    });
    const byFolder = new Map(chosen.map(({ end, model }) => [end.folder, model]));
    for (const { end, model } of chosen) {
      const peer = byFolder.get(otherFolder(end));
      if (peer !== undefined) this.peers.set(model, peer);
    }
    const groups = new Map<string, typeof chosen>();
    for (const one of chosen) {
      const { isCluster, site } = one.end;
      const key = `${isCluster ? site : ''} ${one.model.connection.localAddress}`;
      groups.set(key, [...(groups.get(key) ?? []), one]);
    }
    this.all = [...groups.values()].map((group) => {
      const [{ end }] = group as [(typeof chosen)[number]];
      const models = group.map(({ model }) => model);
      const router: Router = {
        name: nameOf(end),
        isCluster: end.isCluster,
        ends: models,
        enters: models.flatMap(({ enters }) => enters),
        leaves: models.flatMap(({ leaves }) => leaves),
        children: models.flatMap((model) => model.children.map((child) => ({ child, end: model }))),
        behind: new Map(models.map((model) => [model, behind(model)])),
      };
      for (const { end: one, model } of group) {
        this.homes.set(model, router);
        const known = this.bySite.get(one.site) ?? [];
        if (!known.includes(router)) this.bySite.set(one.site, [...known, router]);
      }
      return router;
    });
  }

  /** The routers at which a site has an end of a tunnel: its own, or those on premise. */
  of(site: string, isCluster: boolean): readonly Router[] {
    return (this.bySite.get(site) ?? []).filter((router) => router.isCluster === isCluster);
  }

  peerOf(end: RouterModel): RouterModel | undefined {
    return this.peers.get(end);
  }

  /** The SAs of an end with its peer, which are the same for every packet. */
  sasOf(end: RouterModel, peer: RouterModel): readonly Sa[] {
    const known = this.sas.get(end) ?? sasOf(end, peer);
    this.sas.set(end, known);
    return known;
  }

  routerOf(end: RouterModel): Router {
    return this.homes.get(end) as Router;
  }
}

/** The local side of an end, from whatever part of the files names it. */
function behind({ leaves, enters, children }: RouterModel): Subnet[] {
  const all = [...leaves.map(({ from }) => from), ...enters.map(({ to }) => to), ...children.map(({ local }) => local)];
  return [...new Map(all.map((one) => [`${one}`, one])).values()];
}

const CLUSTER_END = /^(routers\/[^/]+)\/cluster-to-([^/]+)$/;
const PREMISES_END = /^(routers\/[^/]+)\/([^/]+)-to-cluster$/;

function otherFolder({ folder }: End): string {
  return folder.replace(CLUSTER_END, '$1/$2-to-cluster') === folder
    ? folder.replace(PREMISES_END, '$1/cluster-to-$2')
    : folder.replace(CLUSTER_END, '$1/$2-to-cluster');
}

function nameOf({ folder, isCluster }: End): string {
  return isCluster ? 'cluster' : (PREMISES_END.exec(folder)?.[2] ?? folder);
}
