import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeAuthority, makeCertificate } from '../lab/api-server/certificates';
import type { Pod } from '../lab/kubelet/pod';
import type { Namespace } from '../lab/topology/namespaces';
import { NetnsClient } from '../lab/topology/netns-client';
import { waitFor } from '../lab/wait';
import { RealCluster } from './cluster';
import { PATIENCE_MS } from './control-plane';
import { SERVERS } from './health-site';
import type { FakeKubelet } from './kubelet';
import type { KubernetesOptions } from './kubernetes';
import { FailingServer } from './traffic';

const CLIENT_NODE = 'worker-2';

/** A pod that only waits: the client uses its network. */
const CLIENT = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'client', namespace: 'default' },
  spec: {
    nodeName: CLIENT_NODE,
    automountServiceAccountToken: false,
    securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [
      {
        name: 'client',
        image: 'docker.io/library/node:26.10.0-trixie-slim',
        command: ['node', '--eval', 'setInterval(() => undefined, 1e6)'],
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
      },
    ],
  },
};

interface Slice {
  readonly metadata: { readonly resourceVersion: string; readonly annotations?: Readonly<Record<string, string>> };
  readonly endpoints: readonly {
    readonly addresses: readonly string[];
    readonly conditions: { readonly ready: boolean };
  }[];
}

/** A real cluster with two servers, a client pod and the server health program. */
export class HealthCluster {
  private constructor(
    readonly cluster: RealCluster,
    /** The servers at 192.168.1.10 and 192.168.1.11. */
    readonly servers: readonly [FailingServer, FailingServer],
    /** The CA that signed the servers' valid certificate. */
    readonly authority: string,
  ) {}

  static async run(options: KubernetesOptions, body: (health: HealthCluster) => Promise<void>): Promise<void> {
    await RealCluster.run(options, async (cluster) => {
      const { lab, servers } = cluster.topology;
      const [ours, others] = [await makeAuthority('corp'), await makeAuthority('elsewhere')];
      for (const [name, authority] of [
        ['right', ours],
        ['wrong', others],
      ] as const) {
        const { cert, key } = await makeCertificate(authority, ['orders.corp.example']);
        writeFileSync(join(lab.folder, `${name}.crt`), cert);
        writeFileSync(join(lab.folder, `${name}.key`), key);
      }
      const failing = SERVERS.map((address) => {
        const place = servers.find(({ addresses }) => addresses[0] === address);
        if (place === undefined) throw new Error(`no server has the address ${address}`);
        return new FailingServer(place.netns, address, lab.folder);
      });
      const health = new HealthCluster(cluster, failing as unknown as [FailingServer, FailingServer], ours.cert);
      try {
        await body(health);
      } catch (cause) {
        throw new Error(`${(cause as Error).message}\n\n${await health.written()}`, { cause });
      }
    });
  }

  /** The latest output of the program, and the state of its pods. */
  private async written(): Promise<string> {
    const logs = this.cluster.kubelets.flatMap((kubelet) =>
      kubelet.running('server-health').map(({ logs }) => `${logs}`.split('\n').slice(-15).join('\n')),
    );
    const { stdout } = await this.cluster.shell('kubectl -n onprem-link-health get pods,leases');
    return [stdout, ...logs].join('\n');
  }

  /** Applies a folder as a user does, waits until agents and program are Ready, and starts the client. */
  async install(folder: string): Promise<void> {
    const { cluster } = this;
    await cluster.kubectl(`apply --filename ${folder}`);
    await cluster.untilReady();
    await cluster.plane.api('/api/v1/namespaces/default/pods', { method: 'POST', body: CLIENT });
    await cluster.kubectl('wait pod/client --for=condition=Ready --timeout=120s');
  }

  async untilProgramReady(): Promise<void> {
    await this.cluster.kubectl('-n onprem-link-health rollout status deployment server-health --timeout=120s');
  }

  /** The network namespace of the client. */
  get client(): Namespace {
    return this.kubeletOn(CLIENT_NODE).networkOf('client');
  }

  private kubeletOn(node: string): FakeKubelet {
    const kubelet = this.cluster.kubelets.find(({ place }) => place.name === node);
    if (kubelet === undefined) throw new Error(`there is no kubelet on ${node}`);
    return kubelet;
  }

  async urlOf(service: string): Promise<string> {
    const jsonpath = '{.spec.clusterIP}:{.spec.ports[0].port}';
    return `http://${await this.cluster.kubectl(`get service ${service} --output=jsonpath=${jsonpath}`)}/`;
  }

  slice(service: string): Promise<Slice> {
    return this.cluster.plane.api<Slice>(
      `/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/${service}-health-ipv4`,
    );
  }

  /** The addresses of the ready endpoints in the program's slice. */
  async ready(service: string): Promise<string[]> {
    const { endpoints } = await this.slice(service);
    return endpoints.flatMap(({ addresses, conditions }) => (conditions.ready ? addresses : []));
  }

  async untilReady(service: string, servers: readonly string[], ms = PATIENCE_MS): Promise<void> {
    await waitFor(
      `${service} to lead to ${servers.join(' and ')}`,
      ms,
      async () => (await this.ready(service)).join(' ') === servers.join(' '),
      50,
    );
  }

  /** Waits until kube-proxy on the client's node no longer leads to a server. */
  async untilForwardedElsewhere(server: string, port: number): Promise<void> {
    const { netns } = this.kubeletOn(CLIENT_NODE).place;
    await waitFor(
      `kube-proxy to forward nothing to ${server}:${port}`,
      PATIENCE_MS,
      () => !netns.run('iptables-save', '-t', 'nat').includes(`-> ${server}:${port}"`),
      50,
    );
  }

  /** The pod that holds the Lease. */
  async leader(): Promise<{ readonly name: string; readonly pod: Pod; readonly node: string }> {
    const path = '/apis/coordination.k8s.io/v1/namespaces/onprem-link-health/leases/server-health';
    const { spec } = await this.cluster.plane.api<{ spec: { holderIdentity: string } }>(path);
    const name = spec.holderIdentity.split('_')[0] as string;
    for (const kubelet of this.cluster.kubelets) {
      const [pod] = kubelet.running(name);
      if (pod !== undefined) return { name, pod, node: kubelet.place.name };
    }
    throw new Error(`the leader ${spec.holderIdentity} is not running`);
  }

  /** The sum of a metric over all its series, as Prometheus would scrape it from the leader. */
  async metricOfLeader(metric: string): Promise<number> {
    const { name, node } = await this.leader();
    const jsonpath = '{.status.podIP} {.spec.containers[0].env[?(@.name=="HTTP_PORT")].value}';
    const text = await this.cluster.kubectl(`-n onprem-link-health get pod ${name} --output=jsonpath='${jsonpath}'`);
    const [ip, port] = text.split(' ');
    const { body } = await NetnsClient.of(this.kubeletOn(node).networkOf(name)).fetch(`http://${ip}:${port}/metrics`);
    const values = [...body.matchAll(new RegExp(`^${metric}(?:\\{.*\\})? (\\S+)$`, 'gm'))];
    return values.reduce((sum, [, value]) => sum + Number(value), 0);
  }

  async untilLed(by: (name: string) => boolean): Promise<void> {
    await waitFor('another replica to become the leader', PATIENCE_MS, async () => {
      try {
        return by((await this.leader()).name);
      } catch {
        return false;
      }
    });
  }

  /** Deletes the leader's pod while it runs on the client's node. */
  async untilLeaderIsElsewhere(): Promise<void> {
    await waitFor('the leader to run on the other node', PATIENCE_MS, async () => {
      const { name, node } = await this.leader();
      if (node !== CLIENT_NODE) return true;
      await this.cluster.kubectl(`-n onprem-link-health delete pod ${name}`);
      await this.untilLed((leader) => leader !== name);
      return false;
    });
  }

  /** The messages of the health program's events on a Service. The API server also writes events about Services. */
  async events(service: string): Promise<string[]> {
    const about = `involvedObject.kind=Service,involvedObject.name=${service}`;
    const selector = `${about},reportingComponent=onprem-link-health`;
    const text = await this.cluster.kubectl(
      `get events --field-selector=${selector} --output=jsonpath='{range .items[*]}{.reason}: {.message}{"\\n"}{end}'`,
    );
    return text.trimEnd().split('\n');
  }
}
