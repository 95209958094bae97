import { addressOf, inUrl, nth, sameFamily } from './addresses';
import type { KernelNexthop, KernelRoute } from './kernel-objects';
import type { Lab, Namespace } from './namespaces';
import { NetnsClient, type NetnsHttpServer } from './netns-client';
import type { FetchAnswer } from './netns-protocol';
import { counter } from './netstat';

/** A worker node, with its addresses (with prefix length) on both networks. No address: no interface there. */
interface NodeOptions {
  readonly name: string;
  readonly private: readonly string[];
  readonly public: readonly string[];
}

/** An on-premise server. Its default gateway is the first router, at the first address of its subnet. */
interface ServerOptions {
  readonly name: string;
  /** With prefix length. */
  readonly addresses: readonly string[];
}

/** The networks of a topology. */
export interface TopologyOptions {
  readonly nodes: readonly NodeOptions[];
  /** The routers' addresses on the private network, with prefix length. The first router is the next hop to find. */
  readonly routers: readonly (readonly string[])[];
  /** Subnets that the nodes route to the first router's address of the same family. */
  readonly privateNetworks: readonly string[];
  /** The gateway of the public network, which is the nodes' default gateway. It has no on-premise routes. */
  readonly gateway: readonly string[];
  /** Addresses of the API server, without prefix length. They are behind the public gateway. */
  readonly apiServer: readonly string[];
  readonly servers: readonly ServerOptions[];
  /** The nodes' reverse path filter: 0 off, 1 strict, 2 loose. */
  readonly rpFilter: 0 | 1 | 2;
}

/** The standard topology: a node with two interfaces, and on-premise networks behind the private one. */
export const SEEDS: TopologyOptions = {
  nodes: [{ name: 'worker-1', private: ['10.184.0.2/26'], public: ['198.51.100.2/28'] }],
  routers: [['10.184.0.1/26']],
  privateNetworks: ['10.0.0.0/8'],
  gateway: ['198.51.100.1/28'],
  apiServer: ['203.0.113.10'],
  servers: [
    { name: 'orders-1', addresses: ['192.168.0.10/24'] },
    { name: 'orders-2', addresses: ['192.168.1.10/24'] },
  ],
  rpFilter: 1,
};

/** The same with both families. */
export const DUAL_STACK: TopologyOptions = {
  nodes: [
    {
      name: 'worker-1',
      private: ['10.184.0.2/26', 'fd00:184::2/64'],
      public: ['198.51.100.2/28', '2001:db8:51::2/64'],
    },
  ],
  routers: [['10.184.0.1/26', 'fd00:184::1/64']],
  privateNetworks: ['10.0.0.0/8', 'fd00::/8'],
  gateway: ['198.51.100.1/28', '2001:db8:51::1/64'],
  apiServer: ['203.0.113.10', '2001:db8:203::10'],
  servers: [
    { name: 'orders-1', addresses: ['192.168.0.10/24', '2001:db8:a::10/64'] },
    { name: 'orders-2', addresses: ['192.168.1.10/24', '2001:db8:b::10/64'] },
  ],
  rpFilter: 1,
};

const HTTP_PORT = 8080;
/** The kernel repeats a SYN after 1 s (RFC 6298). This is just below, so a lost packet fails a test, and a slow machine does not. */
const BEFORE_A_SECOND_SYN_MS = 950;

/** A host in the topology. */
export interface Place {
  readonly name: string;
  readonly netns: Namespace;
  readonly client: NetnsClient;
  /** Without prefix length: a node's private addresses, or a router's on the private network. */
  readonly addresses: readonly string[];
}

/** The requests between one server and one address of a node, in both directions. */
export interface Exchange {
  readonly server: string;
  readonly address: string;
  /** The server's request to the node. */
  readonly toNode: FetchAnswer;
  /** The node's request to the server. */
  readonly fromNode: FetchAnswer;
}

const gatewaysOf = (server: ServerOptions) => server.addresses.map((address) => nth(address, 1));

/**
 * A topology that was built. All interfaces of a node are called `priv` and `pub`, those of a router `priv` and `premises`.
 * They are connected to bridges in a separate namespace, so there can be any number of nodes and routers.
 */
export class Topology {
  readonly nodes: Place[];
  readonly routers: readonly Place[];
  readonly servers: readonly Place[];
  /** The public side, with the gateway and the API server's addresses. */
  readonly internet: Place;
  /** The namespace with all bridges. */
  readonly wires: Namespace;

  private ports = 0;
  private serving: Promise<readonly NetnsHttpServer[]> | undefined;

  private constructor(
    readonly lab: Lab,
    readonly options: TopologyOptions,
  ) {
    const wires = lab.namespace('wires');
    this.wires = wires;
    wires.batch(['priv', 'pub', 'premises'].flatMap((name) => [`link add ${name} type bridge`, `link set ${name} up`]));
    const forwarding = { 'ipv4/ip_forward': 1, 'ipv6/conf/all/forwarding': 1, 'ipv4/conf/all/rp_filter': 0 };

    this.internet = this.place('internet', options.gateway);
    this.internet.netns.sysctl({ ...forwarding, 'ipv4/conf/default/rp_filter': 0 });
    this.plug(this.internet.netns, 'pub', options.gateway);
    this.internet.netns.batch(options.apiServer.map((address) => `addr add ${address} dev lo`));

    this.routers = options.routers.map((addresses, i) => {
      const router = this.place(`router-${i + 1}`, addresses);
      router.netns.sysctl({ ...forwarding, 'ipv4/conf/default/rp_filter': 0 });
      this.plug(router.netns, 'priv', addresses);
      const first = options.servers.flatMap(gatewaysOf);
      // Only the first router is a gateway on premise. The others need an address there that no server uses.
      const own = i === 0 ? first : first.map((address) => nth(address, -1 - i));
      this.plug(router.netns, 'premises', [...new Set(own)]);
      return router;
    });

    this.servers = options.servers.map((server) => {
      const built = this.place(server.name, server.addresses);
      this.plug(built.netns, 'premises', server.addresses);
      built.netns.batch(gatewaysOf(server).map((gateway) => `route add default via ${addressOf(gateway)}`));
      return built;
    });

    this.nodes = options.nodes.map((node) => this.buildNode(node));
  }

  static build(lab: Lab, options: TopologyOptions = SEEDS): Topology {
    return lab.together(() => new Topology(lab, options));
  }

  /** Kills everything on a node, and gives it the interfaces, addresses and routes that it boots with. */
  rebuild(node: Place): Place {
    const i = this.nodes.indexOf(node);
    this.lab.do('sh', ['-c', 'kill -9 $(ip netns pids "$1") 2>/dev/null; ip netns del "$1"', 'sh', node.netns.name]);
    const built = this.lab.together(() => this.buildNode(this.options.nodes[i] as NodeOptions));
    this.nodes[i] = built;
    return built;
  }

  /**
   * Starts the HTTP servers on both ends on first use, because each needs a process: those of the nodes before those of the
   * servers.
   */
  serve(): Promise<readonly NetnsHttpServer[]> {
    this.serving ??= Promise.all(
      [...this.nodes, ...this.servers].flatMap(({ client, name, addresses }) =>
        addresses.map((address) => client.serve(address, HTTP_PORT, name)),
      ),
    );
    return this.serving;
  }

  /** The first node. */
  get node(): Place {
    const [node] = this.nodes;
    if (!node) throw new Error('the topology has no node');
    return node;
  }

  /**
   * Sends HTTP requests between every server and a node, in both directions, in each family that both have.
   *
   * @param timeoutMs the time that a dropped packet takes
   */
  async exchange(node = this.node, timeoutMs = BEFORE_A_SECOND_SYN_MS): Promise<Exchange[]> {
    await this.serve();
    const pairs = this.servers.flatMap((server) =>
      server.addresses.flatMap((address) => {
        const nodeAddress = node.addresses.find((other) => sameFamily(other, address));
        return nodeAddress === undefined ? [] : [{ server, address, nodeAddress }];
      }),
    );
    const url = (address: string) => `http://${inUrl(address)}:${HTTP_PORT}/`;
    return Promise.all(
      pairs.map(async ({ server, address, nodeAddress }) => {
        const [toNode, fromNode] = await Promise.all([
          server.client.fetch(url(nodeAddress), { source: address, timeoutMs }),
          node.client.fetch(url(address), { timeoutMs }),
        ]);
        return { server: server.name, address, toNode, fromNode };
      }),
    );
  }

  /** Whether every request in both directions was answered by the right host. */
  async answered(node = this.node, timeoutMs = BEFORE_A_SECOND_SYN_MS): Promise<boolean> {
    const exchanges = await this.exchange(node, timeoutMs);
    return exchanges.every(({ server, toNode, fromNode }) => toNode.body === node.name && fromNode.body === server);
  }

  /** The number of packets that the node's reverse path filter dropped. */
  async rpFilterDrops(node = this.node): Promise<number> {
    return counter(await node.client.read('/proc/net/netstat'), 'TcpExt', 'IPReversePathFilter');
  }

  /**
   * The node's routes in all tables.
   *
   * @param protocol only routes with this protocol number. @default all
   */
  routes(family: 4 | 6 = 4, protocol?: number, node = this.node): KernelRoute[] {
    // Not filtered by ip, because its output omits the fields that a filter fixes.
    const all = node.netns.ipJson<Partial<KernelRoute>[]>(
      `-${family}`,
      '-details',
      '-N',
      'route',
      'show',
      'table',
      '0',
    );
    return all
      .map((route) => ({ table: '254', ...route }) as KernelRoute)
      .filter((route) => protocol === undefined || route.protocol === String(protocol));
  }

  /** The node's nexthop objects, in the format of `ip -json -details -N nexthop`. */
  nexthops(node = this.node): KernelNexthop[] {
    return node.netns.ipJson('-details', '-N', 'nexthop', 'show');
  }

  private place(name: string, addresses: readonly string[]): Place {
    const netns = this.lab.namespace(name);
    return {
      name,
      netns,
      // Created on first use, because most routers never need it.
      get client() {
        return NetnsClient.of(netns);
      },
      addresses: addresses.map(addressOf),
    };
  }

  private plug(netns: Namespace, name: string, addresses: readonly string[]): void {
    if (addresses.length === 0) return;
    this.lab.link({ in: netns, name, addresses }, { in: this.wires, name: `port${++this.ports}`, bridge: name });
  }

  private buildNode(node: NodeOptions): Place {
    const { rpFilter, privateNetworks, routers, gateway } = this.options;
    const built = this.place(node.name, node.private);
    built.netns.sysctl({ 'ipv4/conf/all/rp_filter': rpFilter, 'ipv4/conf/default/rp_filter': rpFilter });
    this.plug(built.netns, 'priv', node.private);
    this.plug(built.netns, 'pub', node.public);
    built.netns.batch([
      ...this.routesVia('priv', node.private, privateNetworks, routers[0]),
      ...this.routesVia('pub', node.public, ['0.0.0.0/0', '::/0'], gateway),
    ]);
    return built;
  }

  private routesVia(
    dev: string,
    own: readonly string[],
    destinations: readonly string[],
    nextHops: readonly string[] = [],
  ): string[] {
    return destinations.flatMap((destination) => {
      const nextHop = nextHops.find((address) => sameFamily(address, destination));
      const reachable = own.some((address) => sameFamily(address, destination));
      return nextHop && reachable ? [`route add ${destination} via ${addressOf(nextHop)} dev ${dev}`] : [];
    });
  }
}
