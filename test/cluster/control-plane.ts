import type { ChildProcess } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type KeyPair, makeAuthority, makeCertificate } from '../lab/api-server/certificates';
import type { FetchAnswer } from '../lab/topology/netns-protocol';
import type { Place } from '../lab/topology/topology';
import { waitFor } from '../lab/wait';
import { builtPrograms, CONTROL_PLANE, type Program } from './binaries';

/** The limit for each wait, e.g. for programs to start. It only has to end a test that hangs. */
export const PATIENCE_MS = 120_000;
const API_PORT = 6443;

/** The users of the cluster. The token of each is its name. */
const USERS = {
  admin: ['admin', 'system:masters'],
  'controller-manager': ['system:kube-controller-manager', ''],
  scheduler: ['system:kube-scheduler', ''],
  proxy: ['system:kube-proxy', ''],
} as const;

/** Kubernetes rejects privileged pods in namespaces that do not allow them. */
const ADMISSION = `apiVersion: apiserver.config.k8s.io/v1
kind: AdmissionConfiguration
plugins:
  - name: PodSecurity
    configuration:
      apiVersion: pod-security.admission.config.k8s.io/v1
      kind: PodSecurityConfiguration
      defaults: { enforce: restricted, enforce-version: latest, warn: restricted, warn-version: latest }
`;

/** Logs requests for ConfigMaps with their user, to find the agents' watches. */
const AUDIT = `apiVersion: audit.k8s.io/v1
kind: Policy
rules:
  - level: Metadata
    userGroups: [system:serviceaccounts:onprem-link]
    resources: [{ group: '', resources: [configmaps] }]
  - level: None
`;

/** The audit event of an agent's request; there is one for each stage. */
interface AuditEvent {
  readonly verb: string;
  readonly stage: string;
  readonly responseStatus?: { readonly code: number };
  readonly user: { readonly extra?: Readonly<Record<string, readonly string[]>> };
}

export interface ControlPlaneOptions {
  /** Where the control plane runs. */
  readonly place: Place;
  /** The address of the API server, as nodes reach it. */
  readonly address: string;
  readonly serviceSubnet: string;
  /** The address of the Service `kubernetes`: the first one of `serviceSubnet`. */
  readonly serviceAddress: string;
  readonly podSubnet: string;
  readonly nodes: readonly string[];
}

interface Running {
  readonly child: ChildProcess;
  readonly exited: Promise<unknown>;
}

/** A request to the API server. */
export interface ApiRequest {
  readonly method?: string;
  readonly body?: unknown;
  /** @default application/json, or strategic merge for a PATCH */
  readonly type?: string;
  readonly token?: string;
}

/** etcd, kube-apiserver, kube-controller-manager and kube-scheduler in one network namespace. The lab deletes their data. */
export class ControlPlane {
  readonly kubeconfig: string;
  private readonly running = new Map<Program, Running>();
  private readonly logs = new Map<Program, string>();
  private readonly folder: string;

  private constructor(
    private readonly options: ControlPlaneOptions,
    private readonly programs: string,
    /** The cluster's CA. */
    readonly ca: KeyPair,
  ) {
    this.folder = join(options.place.netns.lab.folder, 'control-plane');
    mkdirSync(this.folder, { recursive: true });
    this.kubeconfig = this.kubeconfigOf('admin');
  }

  static async start(options: ControlPlaneOptions): Promise<ControlPlane> {
    const programs = builtPrograms(CONTROL_PLANE);
    const plane = new ControlPlane(options, programs, await makeAuthority('kubernetes'));
    const names = [options.address, options.serviceAddress, '127.0.0.1', 'kubernetes.default.svc'];
    const { cert, key } = await makeCertificate(plane.ca, names);
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    plane.write('ca.crt', plane.ca.cert);
    plane.write('server.crt', cert);
    plane.write('server.key', key);
    plane.write('accounts.key', privateKey.export({ type: 'sec1', format: 'pem' }) as string);
    plane.write('accounts.pub', publicKey.export({ type: 'spki', format: 'pem' }) as string);
    plane.write('admission.yaml', ADMISSION);
    plane.write('audit.yaml', AUDIT);
    const nodes = options.nodes.map((node) => [`node-${node}`, `system:node:${node}`, 'system:nodes'] as const);
    const users = Object.entries(USERS).map(([token, [user, group]]) => [token, user, group] as const);
    plane.write('tokens.csv', [...users, ...nodes].map((user, i) => tokenLine(user, i)).join(''));
    plane.startEtcd();
    plane.startApiServer();
    await plane.untilReady();
    plane.run('kube-controller-manager', [
      `--kubeconfig=${plane.kubeconfigOf('controller-manager')}`,
      `--service-account-private-key-file=${plane.file('accounts.key')}`,
      `--root-ca-file=${plane.file('ca.crt')}`,
      '--use-service-account-credentials',
      // The fake kubelets do not renew node leases, and losing the leadership would end the program after an outage.
      '--node-monitor-grace-period=24h',
      '--leader-elect=false',
      '--bind-address=127.0.0.1',
    ]);
    plane.run('kube-scheduler', [
      `--kubeconfig=${plane.kubeconfigOf('scheduler')}`,
      '--leader-elect=false',
      '--bind-address=127.0.0.1',
    ]);
    return plane;
  }

  /** A kubeconfig file for this user, with the token. */
  kubeconfigOf(token: string): string {
    return this.write(
      `${token}.kubeconfig`,
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Config',
        clusters: [{ name: 'lab', cluster: { server: this.url, 'certificate-authority-data': base64(this.ca.cert) } }],
        users: [{ name: token, user: { token } }],
        contexts: [{ name: 'lab', context: { cluster: 'lab', user: token } }],
        'current-context': 'lab',
      }),
    );
  }

  get url(): string {
    return `https://${this.options.address}:${API_PORT}`;
  }

  /** The folder with kubectl and the other programs. */
  get bin(): string {
    return this.programs;
  }

  /** @throws with the API server's message if the status is not 2xx */
  async api<T = Record<string, unknown>>(path: string, request: ApiRequest = {}): Promise<T> {
    const { status, body, error } = await this.ask(path, request);
    if (status >= 200 && status < 300) return JSON.parse(body) as T;
    throw new Error(`${request.method ?? 'GET'} ${path}: ${error ?? status} ${body}`);
  }

  ask(path: string, { method = 'GET', body, type, token = 'admin' }: ApiRequest = {}): Promise<FetchAnswer> {
    const json = method === 'PATCH' ? 'application/strategic-merge-patch+json' : 'application/json';
    const text = body === undefined ? undefined : JSON.stringify(body);
    return this.options.place.client.fetch(`${this.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        accept: 'application/json',
        // For DELETE, Node's client sets no content-length, and the API server would ignore the body.
        ...(text !== undefined && {
          'content-type': type ?? json,
          'content-length': `${Buffer.byteLength(text)}`,
        }),
      },
      ca: this.ca.cert,
      timeoutMs: 30_000,
      ...(text !== undefined && { body: text }),
    });
  }

  startEtcd(): void {
    this.run('etcd', [
      `--data-dir=${this.file('etcd')}`,
      '--listen-client-urls=http://127.0.0.1:2379',
      '--advertise-client-urls=http://127.0.0.1:2379',
      '--listen-peer-urls=http://127.0.0.1:2380',
      '--initial-advertise-peer-urls=http://127.0.0.1:2380',
      '--initial-cluster=default=http://127.0.0.1:2380',
      '--unsafe-no-fsync',
      '--log-level=error',
    ]);
  }

  /** @param more additional flags for this start */
  startApiServer(): void {
    const { address, serviceSubnet } = this.options;
    this.run('kube-apiserver', [
      '--etcd-servers=http://127.0.0.1:2379',
      `--advertise-address=${address}`,
      `--secure-port=${API_PORT}`,
      `--tls-cert-file=${this.file('server.crt')}`,
      `--tls-private-key-file=${this.file('server.key')}`,
      `--service-cluster-ip-range=${serviceSubnet}`,
      `--service-account-issuer=${this.url}`,
      `--service-account-key-file=${this.file('accounts.pub')}`,
      `--service-account-signing-key-file=${this.file('accounts.key')}`,
      `--token-auth-file=${this.file('tokens.csv')}`,
      '--authorization-mode=Node,RBAC',
      `--admission-control-config-file=${this.file('admission.yaml')}`,
      `--audit-policy-file=${this.file('audit.yaml')}`,
      `--audit-log-path=${this.file('audit.log')}`,
      // By address, because nothing here resolves the nodes' names.
      '--kubelet-preferred-address-types=InternalIP',
    ]);
  }

  /** Waits until /readyz succeeds. @throws with the programs' output */
  async untilReady(): Promise<void> {
    await waitFor('the API server', PATIENCE_MS, async () => {
      for (const [program, { child }] of this.running)
        if (child.exitCode !== null) throw new Error(`${program} ended:\n${this.logs.get(program)}`);
      return (await this.ask('/readyz')).status === 200;
    });
  }

  /** The watches of this node's agent that the API server has accepted, each by the ID of its token. */
  watchesOf(node: string): string[] {
    const text = existsSync(this.file('audit.log')) ? readFileSync(this.file('audit.log'), 'utf8') : '';
    const of = ({ user }: AuditEvent, key: string) => user.extra?.[`authentication.kubernetes.io/${key}`]?.[0];
    return text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as AuditEvent)
      .filter((event) => event.verb === 'watch' && event.stage === 'ResponseStarted' && of(event, 'node-name') === node)
      .filter(({ responseStatus }) => responseStatus?.code === 200)
      .map((event) => of(event, 'credential-id') ?? '');
  }

  /** Sends SIGKILL and waits for the exit. */
  async kill(program: Program): Promise<void> {
    const running = this.running.get(program);
    running?.child.kill('SIGKILL');
    await running?.exited;
    this.running.delete(program);
  }

  /** The last 4 KiB of a program's output. */
  written(program: Program): string {
    return this.logs.get(program) ?? '';
  }

  /** Starts a program in a network namespace, by default that of the control plane. It ends with the lab. */
  run(program: Program, args: readonly string[], place = this.options.place, key: Program = program): void {
    const command = [`--net=${place.netns.path}`, join(this.programs, program), ...args];
    const child = place.netns.lab.spawn('nsenter', command, { stdio: ['ignore', 'pipe', 'pipe'] });
    const keep = (text: string) => this.logs.set(program, `${this.logs.get(program) ?? ''}${text}`.slice(-4096));
    child.stdout?.setEncoding('utf8').on('data', keep);
    child.stderr?.setEncoding('utf8').on('data', keep);
    const exited = new Promise((resolve) => child.once('exit', resolve).once('error', resolve));
    if (place === this.options.place) this.running.set(key, { child, exited });
  }

  private file(name: string): string {
    return join(this.folder, name);
  }

  private write(name: string, text: string): string {
    writeFileSync(this.file(name), text, { mode: 0o600 });
    return this.file(name);
  }
}

function tokenLine([token, user, group]: readonly [string, string, string], i: number): string {
  return `${token},${user},${i}${group === '' ? '' : `,"${group}"`}\n`;
}

const base64 = (text: string) => Buffer.from(text).toString('base64');
