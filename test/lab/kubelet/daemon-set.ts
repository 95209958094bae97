import { createHash } from 'node:crypto';
import type { Cluster } from '../cluster';
import type { Manifest } from '../dist';
import type { Place } from '../topology/topology';
import type { Pod } from './pod';

/** What a DaemonSet's controller knows of one node's pod; without a revision there is none, or it is being deleted. */
export interface Standing {
  readonly node: string;
  readonly revision?: string;
  /** Milliseconds; undefined while it is not Ready. */
  readonly readySince?: number | undefined;
}

export interface UpdateRules {
  /** Of the pod template as it is now. */
  readonly revision: string;
  /** A number of nodes, or a percentage, which is rounded up. */
  readonly maxUnavailable: number | string;
  readonly minReadyMs: number;
  readonly now: number;
}

/**
 * The nodes whose pods a rolling update without surge deletes now. Rules of rollingUpdate in
 * pkg/controller/daemon/update.go: an old pod that is not available is always deleted; one that is available only while
 * fewer than maxUnavailable nodes are without an available pod.
 */
export function nodesToUpdate(pods: readonly Standing[], rules: UpdateRules): string[] {
  const { revision, maxUnavailable, minReadyMs, now } = rules;
  const isAvailable = ({ readySince }: Standing) => readySince !== undefined && now - readySince >= minReadyMs;
  const old = pods.filter((pod) => pod.revision !== undefined && pod.revision !== revision);
  const unavailable = pods.filter((pod) => pod.revision === undefined || !isAvailable(pod)).length;
  const free = Math.max(0, scaled(maxUnavailable, pods.length) - unavailable);
  const updated = [...old.filter((pod) => !isAvailable(pod)), ...old.filter(isAvailable).slice(0, free)];
  return updated.map(({ node }) => node);
}

function scaled(most: number | string, nodes: number): number {
  return typeof most === 'number' ? most : Math.ceil((Number.parseInt(most, 10) * nodes) / 100);
}

interface OnNode {
  readonly place: Place;
  pod?: Pod;
  revision?: string;
  readySince?: number | undefined;
  failures: number;
  isBusy: boolean;
}

interface DaemonSetSpec {
  readonly minReadySeconds?: number;
  readonly template: { readonly spec: { readonly containers: readonly { readinessProbe?: object }[] } };
  readonly updateStrategy: { readonly rollingUpdate: { readonly maxUnavailable: number | string } };
}

/** So often a pod is probed; a kubelet's 5 s would only slow a rollout down. */
const PROBE_MS = 500;
/** The agent's probes fail twice before a kubelet calls its pod unready. */
const FAILURE_THRESHOLD = 2;

/** A DaemonSet on the nodes of a topology: its controller, and of each kubelet the start, the probe and the end of a pod. */
export class PlayedDaemonSet {
  /** Nodes whose pods were deleted for another revision, in order. */
  readonly updated: string[] = [];
  private readonly nodes: readonly OnNode[];
  private timer: NodeJS.Timeout | undefined;
  private isStopped = false;
  private error: unknown;
  private passes = 0;

  constructor(
    private readonly cluster: Cluster,
    private workload: Manifest,
    places = cluster.topology.nodes,
  ) {
    this.nodes = places.map((place) => ({ place, failures: 0, isBusy: false }));
    this.schedule();
  }

  /** Another pod template, by `kubectl apply` or `rollout undo`. */
  apply(workload: Manifest): void {
    this.workload = workload;
  }

  get pods(): (Pod | undefined)[] {
    return this.nodes.map(({ pod }) => pod);
  }

  /** What `kubectl rollout status` counts. */
  get ready(): number {
    return this.nodes.filter(({ readySince }) => readySince !== undefined).length;
  }

  /** Pods of the template as it is now that are available. */
  get upToDate(): number {
    const { revision, minReadyMs, now } = this.rules();
    const isAvailable = ({ readySince }: OnNode) => readySince !== undefined && now - readySince >= minReadyMs;
    return this.nodes.filter((node) => node.revision === revision && isAvailable(node)).length;
  }

  /** How often the controller looked; a test waits for some more before it says that nothing happens. @throws what went wrong */
  get looks(): number {
    if (this.error !== undefined) throw this.error;
    return this.passes;
  }

  stop(): void {
    this.isStopped = true;
    clearTimeout(this.timer);
  }

  private schedule(): void {
    this.timer = setTimeout(() => void this.pass(), PROBE_MS);
  }

  private async pass(): Promise<void> {
    try {
      await Promise.all(this.nodes.map((node) => this.kubelet(node)));
      const standings = this.nodes.map(({ place, revision, readySince, isBusy }) => ({
        node: place.name,
        ...(revision !== undefined && !isBusy && { revision, readySince }),
      }));
      for (const name of nodesToUpdate(standings, this.rules())) void this.delete(name);
      this.passes++;
    } catch (error) {
      this.error = error;
    }
    if (!this.isStopped) this.schedule();
  }

  /** Starts a pod where there is none, and probes the one that is there. */
  private async kubelet(node: OnNode): Promise<void> {
    if (node.isBusy || this.isStopped) return;
    if (node.pod === undefined) {
      node.revision = this.rules().revision;
      node.pod = await this.cluster.startPod(node.place, this.workload);
      return;
    }
    const { ok } = await node.pod.probe('readiness');
    node.failures = ok ? 0 : node.failures + 1;
    if (ok) node.readySince ??= performance.now();
    else if (node.failures >= FAILURE_THRESHOLD) node.readySince = undefined;
  }

  private async delete(name: string): Promise<void> {
    const node = this.nodes.find(({ place }) => place.name === name) as OnNode;
    this.updated.push(name);
    node.isBusy = true;
    await node.pod?.stop();
    Object.assign(node, { pod: undefined, revision: undefined, readySince: undefined, failures: 0, isBusy: false });
  }

  private rules(): UpdateRules {
    const { minReadySeconds = 0, template, updateStrategy } = this.workload.spec as DaemonSetSpec;
    return {
      revision: createHash('sha256').update(JSON.stringify(template)).digest('hex'),
      maxUnavailable: updateStrategy.rollingUpdate.maxUnavailable,
      minReadyMs: minReadySeconds * 1000,
      now: performance.now(),
    };
  }
}
