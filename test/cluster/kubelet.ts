import type { V1Pod } from '@kubernetes/client-node';
import type { Manifest } from '../lab/dist';
import type { Pod } from '../lab/kubelet/pod';
import { startPod } from '../lab/kubelet/pod-start';
import type { Namespace } from '../lab/topology/namespaces';
import type { Place } from '../lab/topology/topology';
import { startWorkload } from '../lab/topology/workload';
import type { ControlPlane } from './control-plane';
import { configMapsOf, type OnNode, podStatus, tokenOf } from './kubelet-api';

/** The interval at which the kubelet checks its pods. */
const LOOK_MS = 250;
/** Kubernetes' default failureThreshold of a probe. */
const FAILURE_THRESHOLD = 3;

export interface KubeletOptions {
  readonly place: Place;
  readonly plane: ControlPlane;
  /** The address of the Service `kubernetes`. */
  readonly serviceAddress: string;
  /** The address of the n-th pod on this node. */
  readonly podAddress: (n: number) => string;
}

/**
 * A fake kubelet that is real enough for the agent and similar pods. With a node's rights, it registers its node, starts
 * the pods that are bound to it as lab containers, restarts them, probes them, reports their status and stops deleted ones.
 */
export class FakeKubelet {
  private readonly pods = new Map<string, OnNode>();
  private readonly networks = new Map<string, Namespace>();
  private timer: NodeJS.Timeout | undefined;
  private isStopped = false;
  private looking: Promise<void> = Promise.resolve();
  private lastPod = 0;
  /** Pods that are being stopped, by UID. */
  private readonly endings = new Map<string, Promise<unknown>>();
  /** Errors of the rounds. An API server that does not answer is not an error. */
  readonly faults: string[] = [];

  private constructor(private readonly options: KubeletOptions) {}

  static async start(options: KubeletOptions): Promise<FakeKubelet> {
    const kubelet = new FakeKubelet(options);
    await kubelet.register();
    kubelet.schedule();
    return kubelet;
  }

  get place(): Place {
    return this.options.place;
  }

  /** The running containers of the pods whose names start with `prefix`. */
  running(prefix: string): Pod[] {
    return [...this.pods.values()].flatMap(({ manifest, pod }) =>
      pod !== undefined && manifest.metadata?.name?.startsWith(prefix) ? [pod] : [],
    );
  }

  /** The network namespace of a pod that is not on the host network. */
  networkOf(name: string): Namespace {
    const found = [...this.pods.values()].find(({ manifest }) => manifest.metadata?.name === name);
    const network = found && this.networks.get(found.uid);
    if (network === undefined) throw new Error(`${name} has no network namespace on ${this.place.name}`);
    return network;
  }

  /** Stops the node as a reset would: its pods are killed, and nothing is reported. */
  async crash(): Promise<void> {
    await this.stop();
    for (const { pod } of this.pods.values()) pod?.signal('SIGKILL');
    await Promise.all([...this.pods.values()].map(({ pod }) => pod?.exited));
    this.pods.clear();
  }

  /** Stops the rounds; running pods keep running. */
  async stop(): Promise<void> {
    this.isStopped = true;
    clearTimeout(this.timer);
    await this.looking;
    await Promise.all(this.endings.values());
  }

  private schedule(): void {
    if (this.isStopped) return;
    this.timer = setTimeout(() => {
      this.looking = this.look().finally(() => this.schedule());
    }, LOOK_MS);
  }

  private get token(): string {
    return `node-${this.place.name}`;
  }

  private async register(): Promise<void> {
    const { plane, place } = this.options;
    const { name } = place;
    const labels = { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': goArch() };
    const { status } = await plane.ask('/api/v1/nodes', {
      method: 'POST',
      token: this.token,
      body: { apiVersion: 'v1', kind: 'Node', metadata: { name, labels } },
    });
    if (status !== 201 && status !== 409) throw new Error(`node ${name}: HTTP ${status}`);
    const capacity = { cpu: '2', memory: '4Gi', pods: '110', 'ephemeral-storage': '10Gi' };
    const addresses = [
      { type: 'InternalIP', address: place.addresses[0] },
      { type: 'Hostname', address: name },
    ];
    const now = new Date().toISOString();
    const ready = { type: 'Ready', status: 'True', reason: 'KubeletReady', lastHeartbeatTime: now };
    await plane.api(`/api/v1/nodes/${name}/status`, {
      method: 'PATCH',
      token: this.token,
      body: {
        status: { capacity, allocatable: capacity, addresses, conditions: [{ ...ready, lastTransitionTime: now }] },
      },
    });
  }

  private async look(): Promise<void> {
    try {
      const { plane } = this.options;
      const { status, body } = await plane.ask(`/api/v1/pods?fieldSelector=spec.nodeName%3D${this.place.name}`, {
        token: this.token,
      });
      if (status !== 200) return;
      const { items } = JSON.parse(body) as { items: V1Pod[] };
      const uids = new Set(items.map(({ metadata }) => metadata?.uid));
      const gone = [...this.pods.values()].filter(({ uid }) => !uids.has(uid));
      await Promise.all([...items.map((pod) => this.sync(pod)), ...gone.map((pod) => this.remove(pod))]);
    } catch (error) {
      this.faults.push((error as Error).message);
    }
  }

  private async sync(manifest: V1Pod): Promise<void> {
    const uid = manifest.metadata?.uid as string;
    let known = this.pods.get(uid);
    if (manifest.metadata?.deletionTimestamp !== undefined) {
      if (this.endings.has(uid)) return;
      const ending = this.end(manifest, known)
        .catch((error: Error) => void this.faults.push(error.message))
        .finally(() => this.endings.delete(uid));
      this.endings.set(uid, ending);
      return;
    }
    if (known === undefined) {
      known = {
        uid,
        manifest,
        startTime: new Date().toISOString(),
        ready: false,
        failures: 0,
        restarts: 0,
        nextProbe: 0,
      };
      this.pods.set(uid, known);
    }
    if (known.pod === undefined) await this.startContainer(known);
    else await this.probe(known);
    await this.report(known);
  }

  private async startContainer(known: OnNode): Promise<void> {
    const { manifest } = known;
    const { plane, place, serviceAddress } = this.options;
    try {
      const isOnHost = manifest.spec?.hostNetwork === true;
      const network = isOnHost ? place.netns : this.networkFor(known);
      const pod = await startPod({
        netns: network,
        workload: { apiVersion: 'v1', kind: 'Pod', ...manifest } as unknown as Manifest,
        objects: await configMapsOf(plane, this.token, manifest),
        nodeName: place.name,
        podIPs: isOnHost ? place.addresses : [this.addressOf(known)],
        hostIPs: place.addresses,
        serviceHost: serviceAddress,
        servicePort: 443,
        token: await tokenOf(plane, this.token, manifest),
        ca: plane.ca.cert,
      });
      known.pod = pod;
      delete known.waiting;
      void pod.exited.then(() => {
        if (known.pod !== pod || known.isEnding) return;
        delete known.pod;
        Object.assign(known, { ready: false, failures: 0 });
        known.restarts++;
      });
    } catch (error) {
      known.waiting = (error as Error).message;
    }
  }

  /** The network namespace of a pod that is not on the host network. The pod keeps it when its container restarts. */
  private networkFor(known: OnNode): Namespace {
    const there = this.networks.get(known.uid);
    if (there !== undefined) return there;
    const made = startWorkload(this.place, {
      addresses: [this.addressOf(known)],
      interface: `pod${this.lastPod}-${this.place.name.replace(/\D/g, '')}`,
    });
    this.networks.set(known.uid, made);
    return made;
  }

  private readonly addresses = new Map<string, string>();

  private addressOf({ uid }: OnNode): string {
    const address = this.addresses.get(uid) ?? this.options.podAddress(++this.lastPod);
    this.addresses.set(uid, address);
    return address;
  }

  private async probe(known: OnNode): Promise<void> {
    const { pod, manifest } = known;
    const readiness = manifest.spec?.containers[0]?.readinessProbe;
    if (pod === undefined) return;
    if (readiness === undefined) {
      known.ready = true;
      return;
    }
    // Probe a pod that is not Ready in every round, because a test waits for it.
    if (known.ready && performance.now() < known.nextProbe) return;
    known.nextProbe = performance.now() + 1000;
    const { ok } = await pod.probe('readiness');
    known.failures = ok ? 0 : known.failures + 1;
    if (ok) known.ready = true;
    else if (known.failures >= (readiness.failureThreshold ?? FAILURE_THRESHOLD)) known.ready = false;
  }

  private async report(known: OnNode): Promise<void> {
    const { manifest, pod, waiting, restarts, ready, startTime } = known;
    const text = JSON.stringify({ runs: pod !== undefined, waiting, ready, restarts });
    if (text === known.reported) return;
    const { place, plane } = this.options;
    const podIP = manifest.spec?.hostNetwork === true ? place.addresses[0] : this.addressOf(known);
    const { status, body } = await plane.ask(
      `/api/v1/namespaces/${manifest.metadata?.namespace}/pods/${manifest.metadata?.name}/status`,
      {
        method: 'PATCH',
        token: this.token,
        body: {
          metadata: { uid: manifest.metadata?.uid },
          status: podStatus(manifest, {
            isRunning: pod !== undefined,
            waiting,
            restarts,
            ready,
            startTime,
            hostIP: place.addresses[0] as string,
            podIP: podIP as string,
          }),
        },
      },
    );
    if (status === 200) known.reported = text;
    else if (status !== 0 && status !== 404) throw new Error(`status of ${manifest.metadata?.name}: ${status} ${body}`);
  }

  /** Sends SIGTERM, waits for the grace period, and deletes the Pod object. */
  private async end(manifest: V1Pod, known: OnNode | undefined): Promise<void> {
    if (known !== undefined) known.isEnding = true;
    await known?.pod?.stop();
    const { metadata } = manifest;
    for (;;) {
      const { status } = await this.options.plane.ask(
        `/api/v1/namespaces/${metadata?.namespace}/pods/${metadata?.name}`,
        {
          method: 'DELETE',
          token: this.token,
          body: { gracePeriodSeconds: 0, preconditions: { uid: metadata?.uid } },
        },
      );
      if (status === 200 || status === 404 || status === 409 || this.isStopped) break;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    this.forget(metadata?.uid as string);
  }

  /** Stops a pod whose object was deleted by force. */
  private async remove(known: OnNode): Promise<void> {
    if (known.isEnding) return;
    known.isEnding = true;
    await known.pod?.stop();
    this.forget(known.uid);
  }

  private forget(uid: string): void {
    this.pods.delete(uid);
    this.addresses.delete(uid);
  }
}

function goArch(): string {
  return process.arch === 'x64' ? 'amd64' : process.arch;
}
