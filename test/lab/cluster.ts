import { FakeApiServer } from './api-server/api-server';
import { type Grant, grantsOf } from './api-server/rbac';
import { find, type Manifest } from './dist';
import type { Pod } from './kubelet/pod';
import { podOf } from './kubelet/pod-spec';
import { startPod } from './kubelet/pod-start';
import type { Place, Topology } from './topology/topology';

const API_PORT = 6443;

/** Options of a cluster. */
export interface ClusterOptions {
  readonly topology: Topology;
  /** The manifests that GitOps applies, e.g. `readDist('dist/example')`. */
  readonly objects: readonly Manifest[];
  /** The DaemonSet to start if a test names none. @default the only one */
  readonly daemonSet?: string;
  /** Milliseconds between bookmarks. @default 60000 */
  readonly bookmarkMs?: number;
}

function grantsTo(workload: Manifest, objects: readonly Manifest[]): Grant[] {
  const { namespace, spec } = podOf(workload, true);
  return grantsOf(objects, { namespace, name: spec.serviceAccountName ?? 'default' });
}

/** Certificates of API servers are also valid for this name (kubeadm and others). */
export const API_SERVER_NAME = 'kubernetes.default.svc';

/**
 * The objects of dist/ on a topology: an API server that holds them, grants only the permissions of their Roles, and listens
 * at the topology's address for it; and the DaemonSet's pods on the nodes.
 */
export class Cluster {
  /** All pods that were started, in order. */
  readonly pods: Pod[] = [];
  /** The nodes' resolvers, for pods that are started later. */
  resolvers: readonly string[] = [];

  private constructor(
    readonly api: FakeApiServer,
    readonly topology: Topology,
    /** The objects as applied at the start, without later changes by `api.put`. */
    readonly objects: readonly Manifest[],
    readonly workload: Manifest,
    readonly token: string,
  ) {}

  static async start({ topology, objects, daemonSet, bookmarkMs }: ClusterOptions): Promise<Cluster> {
    const workload = find(objects, 'DaemonSet', daemonSet);
    const names = topology.options.apiServer;
    const token = 'lab-token';
    const api = await FakeApiServer.start(topology.lab, {
      names: [...names, API_SERVER_NAME],
      token,
      grants: objects.filter(({ kind }) => kind === 'DaemonSet').flatMap((each) => grantsTo(each, objects)),
      ...(bookmarkMs === undefined ? {} : { bookmarkMs }),
    });
    for (const object of objects) {
      if (object.kind === 'ConfigMap') api.put(object);
      if (object.kind === 'Namespace' || object.kind === 'DaemonSet') api.owners.put(object);
    }
    await Promise.all(names.map((address) => topology.internet.client.listen(address, API_PORT, api.socket)));
    return new Cluster(api, topology, objects, workload, token);
  }

  /**
   * Starts the DaemonSet's pod on a node.
   *
   * @param workload a workload other than the DaemonSet of dist/, e.g. a changed copy
   * @param emptyDirs see PodOptions
   */
  async startPod(node: Place = this.topology.node, workload = this.workload, emptyDirs?: string): Promise<Pod> {
    const [serviceHost] = this.topology.options.apiServer;
    if (serviceHost === undefined) throw new Error('the topology has no API server');
    const pod = await startPod({
      netns: node.netns,
      workload,
      objects: this.objects,
      nodeName: node.name,
      podIPs: node.addresses,
      serviceHost,
      servicePort: API_PORT,
      token: [...this.api.tokens].at(-1) ?? this.token,
      ca: this.api.ca,
      resolvers: this.resolvers,
      ...(emptyDirs !== undefined && { emptyDirs }),
    });
    this.pods.push(pod);
    return pod;
  }
}
