import { join } from 'node:path';
import { fixtureSite } from '../fixture-site';
import { Cluster } from './cluster';
import { find, type Manifest, readDist } from './dist';
import type { Pod } from './kubelet/pod';
import { Lab } from './topology/namespaces';
import { SEEDS, Topology, type TopologyOptions } from './topology/topology';
import { waitFor } from './wait';

/** The protocol number of the example's NodeRoutes. */
export const PROTOCOL = 142;

/** dist/example of the fixture site, which the lab applies to a cluster. */
export const EXAMPLE = join(fixtureSite(), 'dist', 'example');

/** A new list is confirmed after 3 s, on a busy machine much later. */
const LATEST_MS = 20_000;
/** The number of log lines of each agent in the error of a failed testbed. */
const LOG_LINES = 40;

export interface TestbedOptions {
  /** The objects of the cluster. @default those of dist/example */
  readonly objects?: readonly Manifest[];
  /** The DaemonSet that startReady() starts. @default the only one */
  readonly daemonSet?: string;
  /** @default the standard topology */
  readonly topology?: TopologyOptions;
  /** Environment variables of the agent that differ from dist/. */
  readonly env?: Readonly<Record<string, string>>;
  /** The initial list. @default that of dist/ */
  readonly list?: readonly unknown[];
}

/** What the DaemonSet allows if the site's own routes use every feature that the lists of these tests use. */
const ALLOWED = {
  ALLOWED_TABLES: '100,254,1000',
  ALLOWED_NEXT_HOPS: '0.0.0.0/0,::/0',
  ALLOWED_INTERFACES: 'priv,pub,late',
};

/** A topology with a cluster made from dist/example, for the tests of the agent's promises. */
export class Testbed {
  /** The latest version of the ConfigMap that a test has written. */
  private data: Readonly<Record<string, string>> | undefined;
  private readonly grants: Cluster['api']['grants'];

  private constructor(
    readonly topology: Topology,
    readonly cluster: Cluster,
  ) {
    this.grants = cluster.api.grants;
  }

  /** Builds a testbed for `body` and removes it afterwards. If `body` fails, the error includes the agents' output. */
  static async run(options: TestbedOptions, body: (testbed: Testbed) => Promise<void>): Promise<void> {
    const lab = new Lab();
    let pods: readonly Pod[] = [];
    try {
      const topology = Topology.build(lab, options.topology ?? SEEDS);
      const given = options.objects ?? readDist(EXAMPLE);
      const objects = given.map((object) => withEnvironment(object, { ...ALLOWED, ...options.env }));
      const { daemonSet } = options;
      const cluster = await Cluster.start({ topology, objects, ...(daemonSet === undefined ? {} : { daemonSet }) });
      const testbed = new Testbed(topology, cluster);
      pods = cluster.pods;
      if (options.list !== undefined) testbed.putList(options.list);
      await body(testbed);
    } catch (cause) {
      const written = pods.map(({ logs }) => `${logs}`.split('\n').slice(-LOG_LINES).join('\n'));
      throw new Error([(cause as Error).message, ...written].join('\n\n'), { cause });
    } finally {
      await lab.close();
    }
  }

  get node(): Topology['node'] {
    return this.topology.node;
  }

  /** Runs `ip ...` on the node. */
  ip(command: string): string {
    return this.node.netns.ip(...command.split(' '));
  }

  /** Starts the pod, and waits until it is ready and its watch is open. */
  async startReady(): Promise<Pod> {
    const pod = await this.cluster.startPod();
    await pod.waitReady(LATEST_MS);
    await pod.waitForLog(({ json }) => json?.event === 'watch.connected', LATEST_MS);
    return pod;
  }

  /** Writes the list into the ConfigMap, as a user would. */
  putList(entries: readonly unknown[]): void {
    this.putText(JSON.stringify(entries));
  }

  /** Writes any text to the key `routes`. */
  putText(routes: string): void {
    this.put({ routes });
  }

  /** Writes the servers to the ConfigMap, as synth does after a change of an ExternalService. */
  putServers(addresses: readonly string[]): void {
    this.put({ servers: JSON.stringify(addresses) });
  }

  private put(keys: Readonly<Record<string, string>>): void {
    const configMap = find(this.cluster.objects, 'ConfigMap', 'static-routes');
    this.data = { ...(this.data ?? (configMap.data as Record<string, string>)), ...keys };
    this.cluster.api.put({ ...configMap, data: this.data });
  }

  /** Restores the permissions of the Role in dist/ after a test revoked them. */
  restoreGrants(): void {
    this.cluster.api.grants = this.grants;
  }

  /** The object of that kind that the agent belongs to, as applied at the start. */
  own(kind: 'Namespace' | 'DaemonSet'): Manifest {
    return kind === 'Namespace' ? find(this.cluster.objects, kind) : this.cluster.workload;
  }

  deleteList(): void {
    this.cluster.api.delete('onprem-link', 'static-routes');
  }

  /** The subnets of the agent's routes in the kernel, sorted. */
  owned(family: 4 | 6 = 4, protocol = PROTOCOL): string[] {
    return this.topology
      .routes(family, protocol)
      .map(({ dst }) => dst)
      .sort();
  }

  /** Waits until the agent's routes in the kernel are exactly these. @returns the milliseconds it took */
  async untilOwned(subnets: readonly string[], ms = LATEST_MS, family: 4 | 6 = 4): Promise<number> {
    const started = performance.now();
    const wanted = [...subnets].sort().join(' ');
    await waitFor(`the agent's routes to be ${wanted || 'none'}`, ms, () => this.owned(family).join(' ') === wanted, 1);
    return performance.now() - started;
  }

  /** The body of the agent's /status. */
  async status(pod: Pod): Promise<Status> {
    const { stdout } = await this.get('/status/node-routes');
    if (stdout === '') throw new Error(`no status:\n${pod.logs}`);
    return JSON.parse(stdout) as Status;
  }

  /** A page of the agent, requested on the node over loopback. */
  async get(path: string, port = 9142): Promise<{ status: number; stdout: string }> {
    const { status, body } = await this.node.client.fetch(`http://127.0.0.1:${port}${path}`);
    return { status, stdout: body };
  }

  /** Waits until the readiness probe returns a matching answer. */
  async untilReadiness(pod: Pod, ready: boolean, reason: RegExp, ms = LATEST_MS): Promise<void> {
    let seen = '';
    await waitFor(`readiness to be ${ready} with ${reason}`, ms, async () => {
      const { ok, body } = await pod.probe('readiness');
      seen = `${ok} ${body}`;
      return ok === ready && reason.test(body ?? '');
    }).catch((error: Error) => {
      throw new Error(`${error.message}; last: ${seen}\n${pod.logs}`);
    });
  }
}

/** The part of /status that tests read. */
export interface Status {
  readonly ready: boolean;
  readonly reason: string;
  readonly list: { readonly rollout: { readonly state: string } };
  readonly routes: readonly { subnet: string; state: string; way?: string; otherwise?: string; reason?: string }[];
  readonly counts: Readonly<Record<string, number>>;
  readonly ways: { readonly nodes: { state: string }; readonly pods: { state: string; reason?: string } };
  readonly rulesBeforeMain: readonly string[];
  readonly nextHops: readonly { nextHop: string; state: string }[];
  readonly networks: readonly {
    state: string;
    roundTrip?: { p50: number; max: number };
    paths: readonly { nextHop: string; target: string; state: string; misses: number; trouble?: string }[];
  }[];
  readonly counters: { readonly repairs: number; readonly changes: number };
  readonly reversePathFilters: readonly { interface: string; mode: string; warning?: string }[];
  readonly reversePathDrops: number;
}

/** The DaemonSet with these environment variables for the agent; other objects unchanged. */
export function withEnvironment(object: Manifest, env: Readonly<Record<string, string>>): Manifest {
  if (object.kind !== 'DaemonSet' || Object.keys(env).length === 0) return object;
  const copy = structuredClone(object) as Manifest & {
    spec: { template: { spec: { containers: { env: { name: string; value?: string }[] }[] } } };
  };
  for (const [name, value] of Object.entries(env)) {
    const [container] = copy.spec.template.spec.containers;
    if (container === undefined) throw new Error('the workload has no container');
    container.env = [...container.env.filter((other) => other.name !== name), { name, value }];
  }
  return copy;
}
