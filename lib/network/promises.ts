import { Address } from './address';
import { Findings, refuse } from './finding';
import { parseJson } from './json';
import { Mapping } from './mapping';
import type { PodsSeenAs } from './pods';
import { Subnet } from './subnet';

/** What a site promises, with the addresses that its author wrote. The generated files are checked against it. */
export interface Promises {
  /** The cluster's own ranges. */
  readonly nodes: readonly Subnet[];
  readonly pods: readonly Subnet[];
  /** Undefined if the site does not say. */
  readonly podsSeenAs: PodsSeenAs | undefined;
  /**
   * Whether the files of the cluster's routers contain routes to the pods; otherwise, the routers learn these routes by
   * other means.
   */
  readonly hasPodRoutes: boolean;
  /** By name. */
  readonly networks: ReadonlyMap<string, NetworkPromise>;
  /** Names of the networks that the nodes of each NodeRoutes reach, by the namespace and name of its DaemonSet. */
  readonly pools: ReadonlyMap<string, readonly string[]>;
  /** By namespace and name. */
  readonly services: ReadonlyMap<string, ServicePromise>;
}

interface NetworkPromise {
  /** Real ranges. */
  readonly subnets: readonly Subnet[];
  /** Whether its routers' configurations are also written. */
  readonly hasVpn: boolean;
  /**
   * Subnets that routers configured by other means show to the cluster as other ranges. Empty with hasVpn: then the
   * routers' files must say so.
   */
  readonly mapped: readonly Mapping[];
}

export interface ServicePromise {
  readonly servers: readonly ServerPromise[];
  readonly ports: readonly PortPromise[];
}

export interface ServerPromise {
  readonly network: string;
  /** Its real address. */
  readonly address: Address;
}

export interface PortPromise {
  readonly name: string;
  readonly protocol: string;
  readonly port: number;
  readonly serverPort: number;
}

/** As JSON, for routers/<site>/promises.json. */
export function formatPromises(promises: Promises): string {
  const { nodes, pods, podsSeenAs, hasPodRoutes, networks, pools, services } = promises;
  const texts = (all: readonly (Subnet | Address)[]) => all.map((one) => `${one}`);
  const value = {
    nodes: texts(nodes),
    pods: texts(pods),
    ...(podsSeenAs !== undefined && { podsSeenAs }),
    ...(hasPodRoutes && { hasPodRoutes }),
    networks: Object.fromEntries(
      [...networks].map(([name, { subnets, hasVpn, mapped }]) => [
        name,
        {
          subnets: texts(subnets),
          hasVpn,
          ...(mapped.length > 0 && { mapped: mapped.map((one) => ({ real: `${one.real}`, mapped: `${one.mapped}` })) }),
        },
      ]),
    ),
    pools: Object.fromEntries(pools),
    services: Object.fromEntries(
      [...services].map(([name, { servers, ports }]) => [
        name,
        { servers: servers.map(({ network, address }) => ({ network, address: `${address}` })), ports },
      ]),
    ),
  };
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** Parses the output of formatPromises(). @throws InputError for a file that it did not write. */
export function parsePromises(text: string): Promises {
  const value = parseJson(text);
  try {
    return read(value as Written);
  } catch (error) {
    throw refuse(value, `is not what synth writes (${(error as Error).message})`, 'run npm run synth');
  }
}

interface WrittenNetwork {
  readonly subnets: readonly string[];
  readonly hasVpn: boolean;
  readonly mapped?: readonly { readonly real: string; readonly mapped: string }[];
}

interface Written {
  readonly nodes: readonly string[];
  readonly pods: readonly string[];
  readonly podsSeenAs?: PodsSeenAs;
  readonly hasPodRoutes?: boolean;
  readonly networks: Readonly<Record<string, WrittenNetwork>>;
  readonly pools: Readonly<Record<string, readonly string[]>>;
  readonly services: Readonly<
    Record<
      string,
      { readonly servers: readonly { network: string; address: string }[]; readonly ports: readonly PortPromise[] }
    >
  >;
}

function read({ nodes, pods, podsSeenAs, hasPodRoutes = false, networks, pools, services }: Written): Promises {
  const findings = new Findings();
  const subnets = (texts: readonly string[]) =>
    texts.flatMap((one) => findings.attempt('', () => Subnet.parse(one)) ?? []);
  const promises = {
    nodes: subnets(nodes),
    pods: subnets(pods),
    podsSeenAs,
    hasPodRoutes,
    networks: new Map(
      Object.entries(networks).map(([name, { subnets: all, hasVpn, mapped = [] }]) => [
        name,
        {
          subnets: subnets(all),
          hasVpn,
          mapped: mapped.map((one) => new Mapping(Subnet.parse(one.real), Subnet.parse(one.mapped))),
        },
      ]),
    ),
    pools: new Map(Object.entries(pools)),
    services: new Map(
      Object.entries(services).map(([name, { servers, ports }]) => [
        name,
        { servers: servers.map(({ network, address }) => ({ network, address: Address.parse(address) })), ports },
      ]),
    ),
  };
  findings.throwIfAny();
  return promises;
}
