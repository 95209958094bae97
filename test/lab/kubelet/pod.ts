import { readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import type { Manifest } from '../dist';
import type { Namespace } from '../topology/namespaces';
import { waitFor } from '../wait';
import type { LogLine, PodLogs } from './pod-logs';
import { type ProbeResult, probeOnce } from './pod-probe';
import type { PodToStart } from './pod-spec';

/** The probes of a kubelet. */
export type ProbeKind = 'startup' | 'liveness' | 'readiness';

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** The result of {@link Pod.exec}; the code is -1 if it was killed. */
export interface ExecResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The values that the start of a pod passes to {@link Pod}. */
export interface StartedPod {
  readonly netns: Namespace;
  readonly pod: PodToStart;
  readonly podIP: string;
  readonly pid: number;
  readonly logs: PodLogs;
  readonly exited: Promise<Exit>;
  /** Programs and arguments that run a command with the container's rights and environment. */
  readonly entry: readonly string[];
  readonly update: (change: { token?: string; configMap?: Manifest }) => void;
}

async function textOf(stream: Readable | null): Promise<string> {
  let text = '';
  for await (const part of stream?.setEncoding('utf8') ?? []) text += part;
  return text;
}

/** A running container, created by `startPod`. */
export class Pod {
  /** Its output. */
  readonly logs: PodLogs;
  /** The machine's ID of the container's process 1. */
  readonly pid: number;
  /** Settles when the container has ended and {@link logs} is complete. */
  readonly exited: Promise<Exit>;
  /** Fields of the spec that the lab ignores, one sentence each. */
  readonly notes: readonly string[];
  private ended = false;

  constructor(private readonly started: StartedPod) {
    this.logs = started.logs;
    this.pid = started.pid;
    this.notes = started.pod.notes;
    this.exited = started.exited;
    void this.exited.then(() => {
      this.ended = true;
    });
  }

  /** See {@link PodLogs.waitFor}. */
  waitForLog(predicate: (line: LogLine) => boolean, ms: number, from = 0): Promise<LogLine> {
    return this.logs.waitFor(predicate, ms, from);
  }

  /** Sends a signal to the container's process 1. The kernel ignores signals that it does not handle. */
  signal(signal: NodeJS.Signals): void {
    if (!this.ended) process.kill(this.pid, signal);
  }

  /** Stops it as a kubelet does: SIGTERM, then SIGKILL after the grace period of its spec. */
  async stop(): Promise<Exit> {
    this.signal('SIGTERM');
    const grace = (this.started.pod.spec.terminationGracePeriodSeconds ?? 30) * 1000;
    const timer = setTimeout(() => this.signal('SIGKILL'), grace);
    return this.exited.finally(() => clearTimeout(timer));
  }

  /**
   * Runs a command in the container with its rights and environment, like `kubectl exec`.
   *
   * @param timeoutMs the command is killed afterwards. @default 10000
   */
  async exec(command: readonly string[], timeoutMs = 10_000): Promise<ExecResult> {
    const spaces = ['--mount', '--pid', '--uts', '--ipc', '--net', '--root', '--wd'];
    const args = ['--target', String(this.pid), ...spaces, '--', ...this.started.entry, ...command];
    const child = this.started.netns.lab.spawn('nsenter', args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    const code = new Promise<number>((resolve, reject) => {
      child.once('error', reject).once('close', (status) => resolve(status ?? -1));
    });
    const [stdout, stderr] = await Promise.all([textOf(child.stdout), textOf(child.stderr)]);
    return { code: await code.finally(() => clearTimeout(timer)), stdout, stderr };
  }

  /**
   * Runs a probe of the spec once.
   *
   * @param timeoutSeconds how long it may take. @default as the spec says
   * @throws if the spec has no such probe
   */
  probe(kind: ProbeKind, timeoutSeconds?: number): Promise<ProbeResult> {
    const { container } = this.started.pod;
    const probe = container[`${kind}Probe`];
    if (!probe) throw new Error(`${container.name} has no ${kind} probe`);
    return probeOnce(timeoutSeconds === undefined ? probe : { ...probe, timeoutSeconds }, {
      netns: this.started.netns,
      container,
      podIP: this.started.podIP,
      exec: (command, timeoutMs) => this.exec(command, timeoutMs),
    });
  }

  /** Resolves with the probe's first successful answer. @throws after `ms` milliseconds, or when the container ends */
  async waitReady(ms: number): Promise<ProbeResult> {
    let last: ProbeResult | undefined;
    const look = async () => {
      if (this.ended) throw new Error(`the container ended:\n${this.logs}`);
      last = await this.probe('readiness');
      return last.ok;
    };
    try {
      await waitFor('the readiness probe to succeed', ms, look, 20);
    } catch (cause) {
      if (this.ended) throw cause;
      throw new Error(`not ready: ${last?.status} ${last?.error ?? last?.body}\n${this.logs}`, { cause });
    }
    return last as ProbeResult;
  }

  /** Replaces the token in the projected volumes at once. A kubelet does so before the old one expires. */
  rotateToken(token: string): void {
    this.started.update({ token });
  }

  /** Updates a ConfigMap in the volumes at once. A kubelet takes up to about a minute. */
  updateConfigMap(configMap: Manifest): void {
    this.started.update({ configMap });
  }

  /** Resident memory in bytes: now, now without shared pages of programs and libraries, and at most so far. */
  rss(): { now: number; own: number; peak: number } {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    const kib = (key: string) => Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]);
    return { now: kib('VmRSS') * 1024, own: kib('RssAnon') * 1024, peak: kib('VmHWM') * 1024 };
  }
}
