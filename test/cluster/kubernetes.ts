import { join } from 'node:path';
import type { Exit } from '../lab/kubelet/pod';
import { EXAMPLE } from '../lab/testbed';
import { addressOf } from '../lab/topology/addresses';
import { Lab } from '../lab/topology/namespaces';
import { type Place, SEEDS, Topology, type TopologyOptions } from '../lab/topology/topology';
import { waitFor } from '../lab/wait';
import { ControlPlane, PATIENCE_MS } from './control-plane';

/** The standard network with a second worker, and servers at the addresses of the example's Service. */
const TWO_NODES: TopologyOptions = {
  ...SEEDS,
  nodes: [...SEEDS.nodes, { name: 'worker-2', private: ['10.184.0.3/26'], public: ['198.51.100.3/28'] }],
  servers: [
    { name: 'files-1', addresses: ['192.168.0.10/24'] },
    { name: 'orders-1', addresses: ['192.168.1.10/24'] },
    { name: 'orders-2', addresses: ['192.168.1.11/24'] },
  ],
};
const SERVICE_SUBNET = '172.21.0.0/16';
export const SERVICE_ADDRESS = '172.21.0.1';
export const POD_SUBNET = '172.30.0.0/16';

/** The result of a command. */
export interface Ran {
  readonly code: Exit['code'];
  readonly stdout: string;
  readonly stderr: string;
}

export interface KubernetesOptions {
  /** The mode of kube-proxy. @default 'iptables' */
  readonly proxyMode?: 'iptables' | 'nftables';
}

/** A control plane and the network around it. */
interface Started {
  readonly topology: Topology;
  readonly plane: ControlPlane;
  readonly proxyMode: 'iptables' | 'nftables';
}

export async function startKubernetes(lab: Lab, { proxyMode = 'iptables' }: KubernetesOptions): Promise<Started> {
  const topology = Topology.build(lab, TWO_NODES);
  const [address] = topology.options.apiServer as [string];
  const plane = await ControlPlane.start({
    place: topology.internet,
    address,
    serviceSubnet: SERVICE_SUBNET,
    serviceAddress: SERVICE_ADDRESS,
    podSubnet: POD_SUBNET,
    nodes: topology.nodes.map(({ name }) => name),
  });
  // A control plane reaches its nodes, here to proxy /metrics of pods.
  for (const { private: own, public: outer } of topology.options.nodes)
    topology.internet.netns.ip('route', 'add', addressOf(own[0] as string), 'via', addressOf(outer[0] as string));
  return { topology, plane, proxyMode };
}

interface Running {
  /** The latest output of the programs. */
  written(): string | Promise<string>;
  stop(): Promise<void>;
}

/** Builds a cluster for `body` and removes it afterwards. If `body` fails, the error includes the programs' output. */
export async function withCluster<C extends Running>(
  build: (lab: Lab) => Promise<C>,
  body: (cluster: C) => Promise<void>,
): Promise<void> {
  const lab = new Lab();
  let cluster: C | undefined;
  try {
    cluster = await build(lab);
    await body(cluster);
  } catch (cause) {
    throw new Error(`${(cause as Error).message}\n\n${(await cluster?.written()) ?? ''}`, { cause });
  } finally {
    await cluster?.stop();
    await lab.close();
  }
}

/** A real control plane on a lab topology, with a kube-proxy on each node, and the actions of its administrator. */
export class Kubernetes {
  readonly topology: Topology;
  readonly plane: ControlPlane;
  private readonly proxyMode: 'iptables' | 'nftables';

  constructor({ topology, plane, proxyMode }: Started) {
    this.topology = topology;
    this.plane = plane;
    this.proxyMode = proxyMode;
    for (const place of topology.nodes) this.startProxy(place);
  }

  /** Starts kube-proxy on a node, and enables forwarding there. */
  protected startProxy(place: Place): void {
    place.netns.sysctl({ 'ipv4/ip_forward': 1 });
    this.plane.run(
      'kube-proxy',
      [
        `--kubeconfig=${this.plane.kubeconfigOf('proxy')}`,
        `--hostname-override=${place.name}`,
        `--proxy-mode=${this.proxyMode}`,
        `--cluster-cidr=${POD_SUBNET}`,
        '--conntrack-max-per-core=0',
        '--conntrack-tcp-timeout-established=0',
        '--conntrack-tcp-timeout-close-wait=0',
        '--bind-address=0.0.0.0',
      ],
      place,
    );
  }

  /** Runs a command line as a user would, with kubectl as the cluster's administrator. */
  async shell(line: string, cwd = EXAMPLE): Promise<Ran> {
    const { netns } = this.topology.internet;
    const env = {
      ...process.env,
      PATH: `${this.plane.bin}:${process.env.PATH}`,
      KUBECONFIG: this.plane.kubeconfig,
      HOME: netns.lab.folder,
    };
    const child = netns.lab.spawn('nsenter', [`--net=${netns.path}`, 'sh', '-c', line], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env,
      cwd,
    });
    let [stdout, stderr] = ['', ''];
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    const code = await new Promise<number | null>((resolve, reject) =>
      child.once('error', reject).once('close', resolve),
    );
    return { code, stdout, stderr };
  }

  /** The output of kubectl. @throws if it fails or prints a warning */
  async kubectl(args: string, cwd?: string): Promise<string> {
    const { code, stdout, stderr } = await this.shell(`kubectl ${args}`, cwd);
    if (code !== 0 || stderr !== '') throw new Error(`kubectl ${args}: ${code}\n${stdout}${stderr}`);
    return stdout;
  }

  /** Applies the example, and waits until both agents are Ready. */
  async install(folder = join(EXAMPLE)): Promise<void> {
    await this.kubectl(`apply --filename ${folder}`);
    await this.untilReady();
  }

  /** Waits as a user would, with kubectl. */
  async untilReady(): Promise<void> {
    await this.kubectl('-n onprem-link rollout status daemonset node-routes --timeout=120s');
  }

  /** Replaces the list in the cluster, as a commit to Git would. */
  async list(routes: readonly string[]): Promise<void> {
    const body = { data: { routes: JSON.stringify(routes) } };
    await this.plane.api('/api/v1/namespaces/onprem-link/configmaps/static-routes', { method: 'PATCH', body });
  }

  /** The subnets of the agent's routes on a node, sorted. */
  owned(node = this.topology.node): string[] {
    return this.topology
      .routes(4, 142, node)
      .map(({ dst }) => dst)
      .sort();
  }

  /** Waits until the agent's routes on every node are exactly these. */
  async untilOwned(subnets: readonly string[], nodes = this.topology.nodes): Promise<void> {
    const wanted = [...subnets].sort().join(' ');
    await waitFor(
      `the agent's routes to be ${wanted || 'none'}`,
      PATIENCE_MS,
      () => nodes.every((node) => this.owned(node).join(' ') === wanted),
      100,
    );
  }

  /** Waits until no node has a route, nexthop object or rule of the agent, in any table. */
  async untilClean(): Promise<void> {
    const lists = [
      '-4 route show table all',
      '-6 route show table all',
      'nexthop show',
      '-4 rule show',
      '-6 rule show',
    ];
    await waitFor('the nodes to have nothing of the agent left', PATIENCE_MS, () =>
      this.topology.nodes.every(({ netns }) =>
        lists.every((list) => !/ proto(?:col)? 142\b/.test(netns.ip('-N', ...list.split(' ')))),
      ),
    );
  }

  /** Records changes of the agent's routes on a node from now on with `ip monitor`. @returns a function that returns them */
  async changes({ netns } = this.topology.node): Promise<() => string[]> {
    const child = netns.lab.spawn('ip', ['-N', '-n', netns.name, 'monitor', 'route'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let text = '';
    child.stdout?.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    const marker = '203.0.113.200';
    await waitFor('ip monitor to start', PATIENCE_MS, () => {
      netns.ip('route', 'replace', marker, 'via', '198.51.100.1');
      netns.ip('route', 'del', marker);
      return text.includes(marker);
    });
    return () => text.split('\n').filter((line) => line !== '' && line.includes('proto 142'));
  }
}
