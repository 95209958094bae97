import { addressOf, inUrl, nth, sameFamily } from './addresses';
import type { KernelNexthop, KernelRoute } from './kernel-objects';
import type { Lab, Namespace } from './namespaces';
import { NetnsClient, type NetnsHttpServer } from './netns-client';
import type { FetchAnswer } from './netns-protocol';
import { counter } from './netstat';

/** A worker node: addresses with prefix length on both networks; none: no interface there. */
interface NodeOptions {
  readonly name: string;
  readonly private: readonly string[];
  readonly public: readonly string[];
}

/** A server on premise. Its default gateway is the first router, at the first address of its subnet. */
interface ServerOptions {
  readonly name: string;
  /** With prefix length. */
  readonly addresses: readonly string[];
}

/** The networks of a lab. */
export interface TopologyOptions {
  readonly nodes: readonly NodeOptions[];
  /** The routers' addresses on the private network, with prefix length; the first router is the next hop to be found. */
  readonly routers: readonly (readonly string[])[];
  /** What the nodes' tables send to the first router's address of that family. */
  readonly privateNetworks: readonly string[];
  /** The gateway of the public network, where the nodes' default routes point. It knows nothing of on premise. */
  readonly gateway: readonly string[];
  /** Addresses, without prefix length, that lie behind that gateway: the API server's. */
  readonly apiServer: readonly string[];
  readonly servers: readonly ServerOptions[];
  /** The nodes' reverse path filter: 0 off, 1 strict, 2 loose. */
  readonly rpFilter: 0 | 1 | 2;
}

/** The network that the whole project is about: two ways out of a node, on premise behind the private one. */
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

/** The same with both families everywhere. */
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
/** A kernel sends a SYN again after 1 s (RFC 6298): a lost packet fails a test, and a busy machine has almost that long. */
const BEFORE_A_SECOND_SYN_MS = 950;

/** Somebody in the topology. */
export interface Place {
  readonly name: string;
  readonly netns: Namespace;
  readonly client: NetnsClient;
  /** Without prefix length: a node's private ones, a router's on the private network. */
  readonly addresses: readonly string[];
}

/** One server and one node's address, asked both ways. */
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
 * The topology, built. All interfaces of a node are called `priv` and `pub`, a router's `priv` and `premises`; they are
 * plugged into bridges of one more namespace, so that there can be any number of nodes and routers.
 */
export class Topology {
  readonly nodes: Place[];
  readonly routers: readonly Place[];
  readonly servers: readonly Place[];
  /** The public side: gateway and the API server's addresses. */
  readonly internet: Place;
  /** Where all bridges are. */
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
      // Only the first router is a gateway on premise; the others need any address there, out of the servers' way.
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

  /** Ends all that runs on a node, and gives it fresh interfaces, addresses and routes: those that it boots with. */
  rebuild(node: Place): Place {
    const i = this.nodes.indexOf(node);
    this.lab.do('sh', ['-c', 'kill -9 $(ip netns pids "$1") 2>/dev/null; ip netns del "$1"', 'sh', node.netns.name]);
    const built = this.lab.together(() => this.buildNode(this.options.nodes[i] as NodeOptions));
    this.nodes[i] = built;
    return built;
  }

  /**
   * Starts the HTTP servers on both ends when they are first asked something, since each is a process; those of the nodes
   * before those of the servers.
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
    if (!node) throw new Error('this topology has no node');
    return node;
  }

  /**
   * HTTP between every server and a node, both ways, in the families that both have.
   *
   * @param timeoutMs a dropped packet costs this much
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

  /** Whether every exchange was answered, both ways, by the right one. */
  async answered(node = this.node, timeoutMs = BEFORE_A_SECOND_SYN_MS): Promise<boolean> {
    const exchanges = await this.exchange(node, timeoutMs);
    return exchanges.every(({ server, toNode, fromNode }) => toNode.body === node.name && fromNode.body === server);
  }

  /** Packets that the node's kernel dropped because they arrived on the wrong side. */
  async rpFilterDrops(node = this.node): Promise<number> {
    return counter(await node.client.read('/proc/net/netstat'), 'TcpExt', 'IPReversePathFilter');
  }

  /**
   * The node's routes of all tables.
   *
   * @param protocol only those of this number. @default all
   */
  routes(family: 4 | 6 = 4, protocol?: number, node = this.node): KernelRoute[] {
    // Not filtered by ip, which leaves out of its answer what the filter already says.
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

  /** The node's nexthop objects, as `ip -json -details -N nexthop` has them. */
  nexthops(node = this.node): KernelNexthop[] {
    return node.netns.ipJson('-details', '-N', 'nexthop', 'show');
  }

  private place(name: string, addresses: readonly string[]): Place {
    const netns = this.lab.namespace(name);
    return {
      name,
      netns,
      // Most routers are never asked to do anything.
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
