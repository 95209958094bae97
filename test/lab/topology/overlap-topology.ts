import { randomBytes } from 'node:crypto';
import { Cluster } from '../cluster';
import { readDist } from '../dist';
import { kubeProxyRules } from '../kubelet/kube-proxy';
import type { Pod } from '../kubelet/pod';
import { addressOf, inUrl, nth } from './addresses';
import { LinuxRouter } from './linux-router';
import type { Lab, Namespace } from './namespaces';
import { NetnsClient } from './netns-client';
import { type Place, Topology, type TopologyOptions } from './topology';
import { Wire } from './wire';

/** The options of a topology with two ends of a VPN, whose addresses may overlap. */
export interface OverlapOptions {
  /** dist/<site>, and the folders of both routers in routers/<site>. */
  readonly dist: string;
  readonly clusterRouter: string;
  readonly onPremiseRouter: string;
  /** The cluster's side. Its only router is the VPN router. */
  readonly topology: TopologyOptions;
  /** The two routers' links to the Internet: the router's address, then the provider's. */
  readonly uplinks: readonly [readonly [string, string], readonly [string, string]];
  /** The routers' addresses in their own mapped subnets, which kernel-libipsec requires. */
  readonly inside: readonly [readonly string[], readonly string[]];
  /** The on-premise router's addresses on the premises, one per subnet. */
  readonly premises: readonly string[];
  readonly servers: readonly { readonly name: string; readonly address: string }[];
  /** The addresses of the pod and of the node on their link. */
  readonly pod: readonly [string, string];
  readonly service: string;
  /** The cluster IP that the API server would allocate. */
  readonly clusterIp: string;
}

const HTTP_PORT = 8080;

/** A rule that many routers have: masquerade everything to the Internet. The generated rules must run before it. */
const MASQUERADE = `table inet other {
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname { "eth1", "ipsec0" } masquerade
  }
}`;

/**
 * A topology with a VPN: on the left a node with strict reverse path filters and a pod, in the middle two routers that have
 * loaded the files of routers/, on the right servers. The agent and the Service come from dist/.
 */
export class OverlapTopology {
  private constructor(
    readonly topology: Topology,
    readonly cluster: Cluster,
    readonly pod: Place,
    readonly servers: readonly Place[],
    /** The cluster's end first, then the on-premise end. */
    readonly routers: readonly [LinuxRouter, LinuxRouter],
    /** Frames on the node's private link. */
    readonly wire: Wire,
    /** Frames between the two routers. */
    readonly internetWire: Wire,
  ) {}

  /** Builds the topology in a lab, without the tunnel and without the agent. */
  static async build(lab: Lab, options: OverlapOptions): Promise<OverlapTopology> {
    const topology = Topology.build(lab, options.topology);
    await topology.serve();
    const objects = readDist(options.dist);
    const cluster = await Cluster.start({ topology, objects });
    const [gateway] = topology.routers;
    if (!gateway) throw new Error('the topology has no router');
    const premises = lab.namespace('premises');
    premises.batch(['link add lan type bridge', 'link set lan up', 'link add wan type bridge', 'link set wan up']);
    const far = lab.namespace('far-router');
    far.sysctl({ 'ipv4/conf/all/rp_filter': 0, 'ipv4/conf/default/rp_filter': 0 });
    plug(lab, premises, 'lan', far, 'eth0', options.premises);
    connect(lab, premises, topology.internet.netns, [gateway.netns, far], options.uplinks);
    const servers = await Promise.all(
      options.servers.map((server) => startServer(lab, premises, server, options.premises)),
    );
    const pod = startPodPlace(lab, topology.node, options.pod);
    topology.node.netns.load(
      kubeProxyRules({
        objects,
        service: options.service,
        clusterIp: options.clusterIp,
        pods: [nth(options.pod[0], 0)],
      }),
    );
    const routers = await startRouters(gateway.netns, far, options);
    const wire = Wire.watch(topology.wires, 'priv');
    const internetWire = Wire.watch(premises, 'wan');
    return new OverlapTopology(topology, cluster, pod, servers, routers, wire, internetWire);
  }

  get node(): Place {
    return this.topology.node;
  }

  /** The server of that name. */
  server(name: string): Place {
    const server = this.servers.find((one) => one.name === name);
    if (!server) throw new Error(`no server ${name}`);
    return server;
  }

  /** Opens the tunnel and starts the agent of dist/, which adds the node's routes. */
  async connect(children: number): Promise<Pod> {
    const [near, far] = this.routers;
    far.connect();
    near.connect();
    await near.established(children);
    await far.established(children);
    const pod = await this.cluster.startPod();
    await pod.waitReady(20_000);
    return pod;
  }

  /** Sends requests one after the other. @returns the bodies of the answers, or the errors */
  async ask(place: Place, address: string, times = 1, timeoutMs = 2000): Promise<string[]> {
    const answers: string[] = [];
    for (let i = 0; i < times; i++) {
      const { body, error } = await place.client.fetch(`http://${inUrl(address)}:${HTTP_PORT}/`, { timeoutMs });
      answers.push(error ?? body);
    }
    return answers;
  }

  /** The port of the Service, on which the servers listen. */
  static readonly port = HTTP_PORT;
}

function plug(
  lab: Lab,
  wires: Namespace,
  bridge: string,
  netns: Namespace,
  name: string,
  addresses: readonly string[],
): void {
  const port = `${bridge}-${wires.ipJson('link', 'show', 'master', bridge).length + 1}`;
  lab.link({ in: netns, name, addresses }, { in: wires, name: port, bridge });
}

/** Connects both routers and the Internet by one bridge, each with its own subnet. */
function connect(
  lab: Lab,
  wires: Namespace,
  internet: Namespace,
  routers: readonly [Namespace, Namespace],
  uplinks: OverlapOptions['uplinks'],
): void {
  plug(
    lab,
    wires,
    'wan',
    internet,
    'vpn',
    uplinks.map(([, provider]) => provider),
  );
  routers.forEach((router, i) => {
    plug(lab, wires, 'wan', router, 'eth1', [(uplinks[i] as readonly [string, string])[0]]);
  });
}

async function startServer(
  lab: Lab,
  premises: Namespace,
  { name, address }: OverlapOptions['servers'][number],
  gateways: readonly string[],
): Promise<Place> {
  const netns = lab.namespace(name);
  plug(lab, premises, 'lan', netns, 'eth0', [address]);
  const gateway = gateways.find((one) => nth(one, 0) === nth(address, 0));
  netns.ip('route', 'add', 'default', 'via', addressOf(gateway ?? ''));
  const place = { name, netns, client: NetnsClient.of(netns), addresses: [addressOf(address)] };
  await place.client.serve(addressOf(address), HTTP_PORT, name);
  return place;
}

function startPodPlace(lab: Lab, node: Place, [address, gateway]: readonly [string, string]): Place {
  const netns = lab.namespace('pod');
  lab.link({ in: netns, name: 'eth0', addresses: [address] }, { in: node.netns, name: 'pod', addresses: [gateway] });
  netns.ip('route', 'add', 'default', 'via', addressOf(gateway));
  node.netns.sysctl({ 'ipv4/ip_forward': 1, 'ipv6/conf/all/forwarding': 1 });
  return { name: 'pod', netns, client: NetnsClient.of(netns), addresses: [addressOf(address)] };
}

async function startRouters(
  near: Namespace,
  far: Namespace,
  options: OverlapOptions,
): Promise<[LinuxRouter, LinuxRouter]> {
  const key = `secret = "${randomBytes(32).toString('base64')}"\n`;
  [near, far].forEach((netns, i) => {
    netns.batch((options.inside[i] ?? []).map((address) => `addr add ${address} dev lo`));
    netns.load(MASQUERADE);
  });
  return Promise.all([
    LinuxRouter.load(near, [options.clusterRouter], key),
    LinuxRouter.load(far, [options.onPremiseRouter], key),
  ]);
}
