import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Place } from '../lab/topology/topology';
import { waitFor } from '../lab/wait';
import { builtNetworkPlugins, builtPrograms } from './binaries';
import { cgroupOf } from './cgroups';
import { type ControlPlane, PATIENCE_MS } from './control-plane';
import { containerdConfig, kubeletConfig, networkConfig, setupScript } from './worker-config';

const SOCKET = '/run/containerd/containerd.sock';

export interface WorkerOptions {
  readonly place: Place;
  readonly plane: ControlPlane;
  /** The range of its pods, e.g. '172.30.0.0/24'. */
  readonly podSubnet: string;
  /** The archive written by `imageArchive`. */
  readonly images: string;
}

interface Running {
  readonly child: ChildProcess;
  readonly exited: Promise<unknown>;
}

/**
 * A worker node with the real kubelet, containerd, runc and network plugins. It has mount, process, host name and IPC
 * namespaces around the network namespace of its place. Its process 1 ends when this process closes the pipe to it, and
 * takes everything on the node with it, including containers and mounts.
 */
export class Worker {
  private init: Running | undefined;
  /** The ID of the node's process 1 in the machine's PID namespace. */
  private pid = 0;
  private readonly programs = new Map<string, Running>();
  private readonly logs = new Map<string, string>();
  private readonly folder: string;
  private readonly cgroup: string;
  private place: Place;

  constructor(private readonly options: WorkerOptions) {
    this.place = options.place;
    const { lab } = this.place.netns;
    this.folder = join(lab.folder, `node-${this.name}`);
    for (const name of ['kubelet', 'containerd', 'cni', 'log']) mkdirSync(join(this.folder, name), { recursive: true });
    this.cgroup = cgroupOf(`${lab.prefix}-${this.name}`);
    const write = (name: string, text: string) => writeFileSync(join(this.folder, name), text);
    write(
      'containerd.toml',
      containerdConfig({ plugins: builtNetworkPlugins(), networks: join(this.folder, 'cni'), socket: SOCKET }),
    );
    write(
      'kubelet.json',
      kubeletConfig({ cgroup: this.cgroup, resolvers: join(this.folder, 'resolv.conf'), socket: SOCKET }),
    );
    write('cni/10-bridge.conflist', networkConfig(options.podSubnet));
    write('resolv.conf', 'nameserver 192.0.2.53\n');
  }

  /** Waits until the node is Ready. */
  async start(): Promise<void> {
    await this.boot();
    await this.run('ctr', ['--address', SOCKET, '--namespace', 'k8s.io', 'images', 'import', this.options.images]);
    await this.startKubelet();
  }

  get name(): string {
    return this.place.name;
  }

  /** Stops the node as a reset would: nothing is reported. */
  async crash(): Promise<void> {
    this.init?.child.stdin?.end();
    await this.init?.exited;
    await Promise.all([...this.programs.values()].map(({ exited }) => exited));
    this.programs.clear();
  }

  /** Boots it after a crash with its old files. @param place its newly created network */
  async reboot(place: Place): Promise<void> {
    this.place = place;
    await this.boot();
    await this.startKubelet();
  }

  async restartContainerd(): Promise<void> {
    await this.kill('containerd');
    await this.startContainerd();
  }

  async killKubelet(): Promise<void> {
    await this.kill('kubelet');
  }

  async startKubelet(): Promise<void> {
    const { plane } = this.options;
    const since = new Date();
    this.begin('kubelet', [
      join(builtPrograms(['kubelet']), 'kubelet'),
      `--config=${join(this.folder, 'kubelet.json')}`,
      `--kubeconfig=${plane.kubeconfigOf(`node-${this.name}`)}`,
      `--hostname-override=${this.name}`,
      `--node-ip=${this.place.addresses[0]}`,
    ]);
    await waitFor(`node ${this.name} to be Ready`, PATIENCE_MS, async () => {
      this.mustRun('kubelet');
      const { status, body } = await plane.ask(`/api/v1/nodes/${this.name}`);
      if (status !== 200) return false;
      const { status: node } = JSON.parse(body) as {
        status: { conditions?: { type: string; status: string; lastHeartbeatTime: string }[] };
      };
      const ready = node.conditions?.find(({ type }) => type === 'Ready');
      // Kubernetes' timestamps have a resolution of one second.
      return ready?.status === 'True' && Date.parse(ready.lastHeartbeatTime) >= since.getTime() - 1000;
    });
  }

  /** The latest output of its programs. */
  written(): string {
    return [...this.logs].map(([name, text]) => `${this.name} ${name}:\n${text.slice(-2500)}`).join('\n');
  }

  /** Runs a program on the node as root. @returns its output @throws if it fails */
  async run(program: string, args: readonly string[]): Promise<string> {
    const child = this.spawn([program, ...args]);
    let text = '';
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
    const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
    if (code !== 0) throw new Error(`${this.name}: ${program} ${args.join(' ')}: ${code}\n${text}`);
    return text;
  }

  private async boot(): Promise<void> {
    const { netns } = this.place;
    this.logs.delete('init');
    const script = setupScript({ name: this.name, folder: this.folder, bootId: randomUUID() });
    const spaces = ['--mount', '--uts', '--ipc', '--pid', '--fork', '--mount-proc', '--propagation', 'private'];
    const child = netns.lab.spawn('nsenter', [`--net=${netns.path}`, 'unshare', ...spaces, 'bash', '-c', script], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.init = { child, exited: ended(child) };
    this.keep('init', child);
    await waitFor(`node ${this.name} to boot`, PATIENCE_MS, () => {
      if (child.exitCode !== null) throw new Error(`${this.name} did not boot: ${this.logs.get('init')}`);
      return this.logs.get('init')?.includes('booted');
    });
    this.pid = Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim());
    await this.startContainerd();
  }

  private async startContainerd(): Promise<void> {
    this.begin('containerd', ['containerd', '--config', join(this.folder, 'containerd.toml')]);
    await waitFor(`containerd of ${this.name}`, PATIENCE_MS, async () => {
      this.mustRun('containerd');
      return this.run('ctr', ['--address', SOCKET, 'version']).then(
        () => true,
        () => false,
      );
    });
  }

  private mustRun(name: string): void {
    if (this.programs.get(name)?.child.exitCode !== null) throw new Error(`${name} ended: ${this.written()}`);
  }

  private spawn(command: readonly string[]): ChildProcess {
    const enter = ['--target', `${this.pid}`, '--mount', '--uts', '--ipc', '--net', '--pid', '--'];
    return this.place.netns.lab.spawn('nsenter', [...enter, ...command], { stdio: ['ignore', 'pipe', 'pipe'] });
  }

  private begin(name: string, command: readonly string[]): void {
    const child = this.spawn(command);
    this.keep(name, child);
    this.programs.set(name, { child, exited: ended(child) });
  }

  /** Kills a program. nsenter is its parent and exits with it. */
  private async kill(name: string): Promise<void> {
    const running = this.programs.get(name);
    if (running === undefined) return;
    const { pid } = running.child;
    for (const child of readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' '))
      process.kill(Number(child), 'SIGKILL');
    await running.exited;
    this.programs.delete(name);
  }

  private keep(name: string, child: ChildProcess): void {
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.logs.set(name, `${this.logs.get(name) ?? ''}${text}`.slice(-8192));
      });
  }
}

const ended = (child: ChildProcess) => new Promise((resolve) => child.once('exit', resolve).once('error', resolve));
