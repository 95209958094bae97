import { createHash } from 'node:crypto';
import type { Cluster } from '../cluster';
import type { Manifest } from '../dist';
import type { Place } from '../topology/topology';
import type { Pod } from './pod';

/** The state of one node's pod from the controller's view. Without a revision, there is no pod, or it is being deleted. */
export interface PodState {
  readonly node: string;
  readonly revision?: string;
  /** When it became Ready, in milliseconds; undefined if it is not Ready. */
  readonly readySince?: number | undefined;
}

export interface UpdateRules {
  /** The revision of the current pod template. */
  readonly revision: string;
  /** A number of nodes, or a percentage, which is rounded up. */
  readonly maxUnavailable: number | string;
  readonly minReadyMs: number;
  readonly now: number;
}

/**
 * The nodes whose pods a rolling update without surge deletes now, by the rules of rollingUpdate in
 * pkg/controller/daemon/update.go: old pods that are not available are always deleted. Available ones are deleted while
 * fewer than maxUnavailable nodes lack an available pod.
 */
export function nodesToUpdate(pods: readonly PodState[], rules: UpdateRules): string[] {
  const { revision, maxUnavailable, minReadyMs, now } = rules;
  const isAvailable = ({ readySince }: PodState) => readySince !== undefined && now - readySince >= minReadyMs;
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

/** The interval of readiness probes. A kubelet's 5 s would only slow the rollout down. */
const PROBE_MS = 500;
/** failureThreshold of the agent's readiness probe. */
const FAILURE_THRESHOLD = 2;

/** A fake DaemonSet on the nodes of a topology: its controller, and the parts of each kubelet that start, probe and stop pods. */
export class FakeDaemonSet {
  /** Nodes whose pods were deleted because of their revision, in order. */
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

  /** Sets another pod template, as `kubectl apply` or `rollout undo` do. */
  apply(workload: Manifest): void {
    this.workload = workload;
  }

  get pods(): (Pod | undefined)[] {
    return this.nodes.map(({ pod }) => pod);
  }

  /** The number of Ready pods, as in `kubectl rollout status`. */
  get ready(): number {
    return this.nodes.filter(({ readySince }) => readySince !== undefined).length;
  }

  /** The number of available pods with the current template. */
  get upToDate(): number {
    const { revision, minReadyMs, now } = this.rules();
    const isAvailable = ({ readySince }: OnNode) => readySince !== undefined && now - readySince >= minReadyMs;
    return this.nodes.filter((node) => node.revision === revision && isAvailable(node)).length;
  }

  /** The number of rounds so far. A test waits for a few before it concludes that nothing happens. @throws the error of a round */
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

  /** Starts the node's pod if there is none; otherwise probes it. */
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
