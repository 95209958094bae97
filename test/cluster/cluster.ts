import type { Namespace } from '../lab/topology/namespaces';
import { FakeKubelet } from './kubelet';
import {
  Kubernetes,
  type KubernetesOptions,
  POD_SUBNET,
  SERVICE_ADDRESS,
  startKubernetes,
  withCluster,
} from './kubernetes';

/** A real Kubernetes with fake kubelets. */
export class RealCluster extends Kubernetes {
  readonly kubelets: FakeKubelet[] = [];

  static run(options: KubernetesOptions, body: (cluster: RealCluster) => Promise<void>): Promise<void> {
    return withCluster(
      async (lab) => new RealCluster(await startKubernetes(lab, options)),
      async (cluster) => {
        await cluster.startKubelets();
        await body(cluster);
      },
    );
  }

  async stop(): Promise<void> {
    await Promise.all(this.kubelets.map((kubelet) => kubelet.stop()));
  }

  private async startKubelets(): Promise<void> {
    const { topology, plane } = this;
    const started = topology.nodes.map((place, i) => {
      masqueradePods(place.netns);
      return FakeKubelet.start({
        place,
        plane,
        serviceAddress: SERVICE_ADDRESS,
        podAddress: (n) => `172.30.${i}.${n + 1}`,
      });
    });
    this.kubelets.push(...(await Promise.all(started)));
  }

  written(): string {
    const programs = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kube-proxy'] as const;
    const faults = this.kubelets.flatMap(({ faults, place }) =>
      faults.slice(-5).map((text) => `${place.name}: ${text}`),
    );
    const logs = this.kubelets.flatMap((kubelet) =>
      kubelet.running('node-routes').map(({ logs }) => `${logs}`.split('\n').slice(-20).join('\n')),
    );
    return [...faults, ...logs, ...programs.map((name) => `${name}:\n${this.plane.written(name).slice(-1500)}`)].join(
      '\n',
    );
  }
}

/** Does what CNI plugins do: packets that leave the cluster carry the node's address. */
function masqueradePods(netns: Namespace): void {
  netns.load(`table ip cni {
  chain postrouting {
    type nat hook postrouting priority srcnat
    ip saddr ${POD_SUBNET} ip daddr != ${POD_SUBNET} masquerade
  }
}
`);
}
