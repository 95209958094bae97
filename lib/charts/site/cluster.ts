import {
  Mapping,
  PODS_SEEN_AS,
  type PodsSeenAs,
  parseHostAddress,
  parseTarget,
  parseUnicastSubnet,
  refuse,
  type Subnet,
  type SubnetSpec,
  type Target,
} from '../../network';
import { listOf, oneOf, readBoolean, readNested, type Schema, someOf } from '../input/schema';

/** The address ranges of the cluster. None of them may be routed to an on-premise network. */
export interface ClusterProps {
  /** The subnets of the nodes; with `mapped` if on-premise servers see them under other addresses. */
  readonly nodes: readonly SubnetSpec[];
  /**
   * The ranges of the pods; with `mapped` if on-premise servers see them under other addresses (podsSeenAs 'themselves' only).
   */
  readonly pods: readonly SubnetSpec[];
  /** The ranges of the cluster IPs, one per address family. */
  readonly services: readonly string[];
  /**
   * The API servers' own addresses and ports, `10.1.2.3:6443` or `[fd00::1]:6443`, if the nodes reach them through a
   * proxy or a Service. No route may cover one, and the agent queries each one when routes change. @default none
   */
  readonly apiServers?: readonly string[];
  /**
   * The source address with which a pod's packet arrives on premise, which the CNI decides (docs/pods.md). `nodes`: the
   * CNI replaces it with the node's address (masquerade). `themselves`: the packet keeps the pod's address, so the VPN
   * also carries the pod ranges.
   * @default unknown: the files are written as for 'nodes', and list that as an assumption
   */
  readonly podsSeenAs?: PodsSeenAs;
  /**
   * kube-proxy masquerades everything that pods send to Services (`iptables.masqueradeAll`, `nftables.masqueradeAll`,
   * `--masquerade-all`), so on-premise servers that are called through a Service see the node's address. @default false
   */
  readonly masqueradeAll?: boolean;
  /**
   * Emit disabled Calico IP pools for the on-premise subnets, so that Calico does not masquerade what pods send there.
   * Requires the Calico API server (projectcalico.org/v3), and podsSeenAs 'themselves'. @default false
   */
  readonly calicoPool?: boolean;
  /**
   * A registry that mirrors Docker Hub for this cluster, with its path if any: with `registry.example.com/hub`, the
   * stock image is `registry.example.com/hub/library/node:…`, pinned to the same digest. Images that you name keep
   * their names.
   * @default none: docker.io
   */
  readonly imageRegistry?: string;
}

/** A range that no route may take, with a description for messages. */
export interface ProtectedSubnet {
  readonly subnet: Subnet;
  readonly what: string;
}

interface ClusterRanges {
  readonly nodes: readonly Mapping[];
  readonly pods: readonly Mapping[];
  readonly services: readonly Subnet[];
  readonly apiServers: readonly Target[];
  readonly podsSeenAs: PodsSeenAs | undefined;
  readonly masqueradeAll: boolean;
  readonly calicoPool: boolean;
  readonly imageRegistry: string | undefined;
}

const REMEDY = 'list them, so that no route can take them from the cluster';

const CLUSTER_SCHEMA: Schema<ClusterRanges> = {
  nodes: { fallback: [], required: true, read: someOf((spec) => Mapping.parse(spec), REMEDY) },
  pods: { fallback: [], required: true, read: someOf((spec) => Mapping.parse(spec), REMEDY) },
  services: { fallback: [], required: true, read: someOf((subnet) => parseUnicastSubnet(subnet), REMEDY) },
  apiServers: { fallback: [], read: listOf(parseTarget) },
  podsSeenAs: { fallback: undefined, read: oneOf(...PODS_SEEN_AS) },
  masqueradeAll: { fallback: false, read: readBoolean },
  calicoPool: { fallback: false, read: readBoolean },
  imageRegistry: { fallback: undefined, read: readRegistry },
};

/** One Kubernetes cluster as the network sees it. */
export class Cluster {
  /** The stand-in with which construction continues if the cluster was rejected. */
  static readonly NONE = new Cluster({
    nodes: [],
    pods: [],
    services: [],
    apiServers: [],
    podsSeenAs: undefined,
    masqueradeAll: false,
    calicoPool: false,
    imageRegistry: undefined,
  });

  /** The nodes' subnets, with the ranges under which on-premise servers see them. */
  readonly nodes: readonly Mapping[];
  readonly pods: readonly Subnet[];
  /** The pods' ranges, with those under which on-premise servers see them. */
  readonly podMappings: readonly Mapping[];
  readonly services: readonly Subnet[];
  readonly apiServers: readonly Target[];
  /** The source address with which pods' packets arrive on premise; undefined if the site does not say. */
  readonly podsSeenAs: PodsSeenAs | undefined;
  readonly masqueradeAll: boolean;
  readonly calicoPool: boolean;
  readonly imageRegistry: string | undefined;
  /** Nodes, pods and services: the ranges that the nodes themselves depend on. */
  readonly ownSubnets: readonly ProtectedSubnet[];
  /** The same plus the ranges under which on-premise servers see nodes and pods. No network may use any of them. */
  readonly protectedSubnets: readonly ProtectedSubnet[];

  private constructor(ranges: ClusterRanges) {
    const { nodes, pods, services } = ranges;
    this.nodes = nodes;
    this.podMappings = pods;
    this.pods = pods.map(({ real }) => real);
    this.services = services;
    this.apiServers = ranges.apiServers;
    this.podsSeenAs = ranges.podsSeenAs;
    this.masqueradeAll = ranges.masqueradeAll;
    this.calicoPool = ranges.calicoPool;
    this.imageRegistry = ranges.imageRegistry;
    this.ownSubnets = [
      ...nodes.map(({ real }) => ({ subnet: real, what: 'nodes' })),
      ...this.pods.map((subnet) => ({ subnet, what: 'pods' })),
      ...services.map((subnet) => ({ subnet, what: 'services' })),
    ];
    this.protectedSubnets = [
      ...this.ownSubnets,
      ...mappedRanges('mapped nodes', nodes),
      ...mappedRanges('mapped pods', pods),
    ];
  }

  /**
   * What on-premise servers see of the cluster: its nodes and, if they keep their own addresses, its pods. Pods of a flat
   * network that lie in a nodes' range are covered by it.
   */
  get seen(): readonly Mapping[] {
    if (this.podsSeenAs !== 'themselves') return this.nodes;
    const others = this.podMappings.filter(({ real }) => !this.nodes.some((nodes) => nodes.real.contains(real)));
    return [...this.nodes, ...others];
  }

  /**
   * The address under which on-premise servers see a node: 192.168.2.5 for 10.0.1.5.
   * @throws InputError if it is not an address in the nodes' subnets
   */
  seenAs(nodeAddress: string): string {
    const address = parseHostAddress(nodeAddress);
    const nodes = this.nodes.find(({ real }) => real.contains(address));
    if (nodes !== undefined) return `${nodes.toMapped(address)}`;
    const known = this.nodes.map(({ real }) => `${real}`).join(', ');
    throw refuse(nodeAddress, `is in none of the nodes' subnets (${known})`, 'write the address of a node');
  }

  /** @throws InputError with all findings about the ranges. */
  static read(props: unknown): Cluster {
    return new Cluster(readNested(CLUSTER_SCHEMA)(props));
  }
}

function mappedRanges(what: string, mappings: readonly Mapping[]): ProtectedSubnet[] {
  return mappings.filter((one) => one.isTranslated).map(({ mapped }) => ({ subnet: mapped, what }));
}

/** The host of a registry, with an optional port and path, as container runtimes accept it before `/library/node`. */
function readRegistry(value: unknown): string {
  if (typeof value === 'string' && /^[a-z0-9][a-z0-9.-]*(?::\d+)?(?:\/[a-z0-9][\w.-]*)*$/.test(value)) return value;
  throw refuse(value, 'is not a registry', 'write its host, and a path if it has one, e.g. "registry.example.com/hub"');
}
