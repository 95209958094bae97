import type { Place } from '../lab/topology/topology';
import { imageArchive } from './image';
import { Kubernetes, type KubernetesOptions, startKubernetes, withCluster } from './kubernetes';
import { Worker } from './worker';

/** A real Kubernetes without fakes: two nodes, each with kubelet, containerd, runc and a CNI bridge. */
export class FullCluster extends Kubernetes {
  readonly workers: Worker[] = [];

  static run(options: KubernetesOptions, body: (cluster: FullCluster) => Promise<void>): Promise<void> {
    return withCluster(
      async (lab) => new FullCluster(await startKubernetes(lab, options)),
      async (cluster) => {
        await cluster.startWorkers();
        await body(cluster);
      },
    );
  }

  async stop(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.crash()));
  }

  private async startWorkers(): Promise<void> {
    const { topology, plane } = this;
    const images = imageArchive(topology.lab.folder);
    for (const [i, place] of topology.nodes.entries())
      this.workers.push(new Worker({ place, plane, podSubnet: `172.30.${i}.0/24`, images }));
    await Promise.all(this.workers.map((worker) => worker.start()));
  }

  /** Stops a node as a reset would: no component reports anything. */
  async crash(i: number): Promise<void> {
    await this.workers[i]?.crash();
  }

  /** Boots the node again with its old disk and a new network without state. */
  async boot(i: number): Promise<void> {
    const place = this.topology.rebuild(this.topology.nodes[i] as Place);
    this.startProxy(place);
    await this.workers[i]?.reboot(place);
  }

  async written(): Promise<string> {
    const { stdout } = await this.shell('kubectl get pods,events --all-namespaces --output=wide');
    const { stdout: logs } = await this.shell('kubectl -n onprem-link logs daemonset/node-routes --tail=20');
    return [stdout.slice(-4000), logs, ...this.workers.map((worker) => worker.written())].join('\n');
  }
}
