import { type ChildProcess, execFileSync, type SpawnOptions, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { waitFor } from '../wait';
import { quoted } from './shell';

const NETNS = '/run/netns';
const OWNED = /^onprem-link-(\d+)\.(\d+)-/;

/**
 * The only clean-up code, for the end, for exit, for the guard and for the sweep. It kills every process in the namespaces
 * whose name starts with $1, which belong to a lab, and removes these namespaces, the control groups of that name (a killed
 * process leaves its group a moment later) and the folders of that name in $2.
 */
const CLEAN_UP = `
  for file in ${NETNS}/"$1"*; do
    [ -e "$file" ] || continue
    kill -9 $(ip netns pids "\${file##*/}") 2>/dev/null
    ip netns del "\${file##*/}"
  done
  for group in /sys/fs/cgroup/"$1"* /sys/fs/cgroup/*/"$1"*; do
    for try in 1 2 3 4 5 6 7 8 9; do
      [ -d "$group" ] || break
      find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || sleep 0.1
    done
  done
  rm -rf --one-file-system "$2/$1"*`;

/** Runs a program to its end. @returns its output @throws with the command line and its standard error */
export function run(command: string, args: string[], input = ''): string {
  try {
    return execFileSync(command, args, { input, encoding: 'utf8', stdio: 'pipe', maxBuffer: 256 * 1024 * 1024 });
  } catch (cause) {
    const reason = (cause as { stderr?: string }).stderr?.trim() || (cause as Error).message;
    throw new Error(`${command} ${args.join(' ')}: ${reason}`, { cause });
  }
}

/** The same command for a shell script. If it fails, the script ends and prints the command. */
function shellLine(command: string, args: readonly string[], input: string): string {
  const line = [command, ...args].map(quoted).join(' ');
  return `${line} <<'END-OF-INPUT' || { echo ${quoted(`${command} ${args.join(' ')}`)} >&2; exit 1; }\n${input}END-OF-INPUT`;
}

/** When a process started, in clock ticks since boot. This tells apart processes with the same ID. */
function startOf(pid: number | 'self'): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

/** One end of a link. */
export interface LinkEnd {
  readonly in: Namespace;
  /** Interface name, at most 15 characters. */
  readonly name: string;
  /** With prefix length, e.g. '10.184.0.2/26'. @default none */
  readonly addresses?: readonly string[];
  /** A bridge in the same namespace that takes the interface as a port. @default none */
  readonly bridge?: string;
}

/** A network namespace. Created by {@link Lab.namespace}, removed with its lab. */
export class Namespace {
  readonly path: string;

  constructor(
    readonly lab: Lab,
    readonly name: string,
  ) {
    this.path = join(NETNS, name);
  }

  /** Runs `ip ARGS...` in the namespace, e.g. ip('route', 'add', ...). @returns its output */
  ip(...args: string[]): string {
    return run('ip', ['-n', this.name, ...args]);
  }

  /** Runs `ip -json ARGS...` in the namespace. @returns its output, parsed */
  ipJson<T = Record<string, unknown>[]>(...args: string[]): T {
    return JSON.parse(this.ip('-json', ...args).trim() || '[]') as T;
  }

  /** Runs many `ip` commands at once, one per line, without the word `ip`. The first failure stops the batch. */
  batch(lines: readonly string[]): void {
    if (lines.length > 0) this.lab.do('ip', ['-n', this.name, '-batch', '-'], `${lines.join('\n')}\n`);
  }

  /** Loads nftables rules. */
  load(rules: string): void {
    run('nsenter', [`--net=${this.path}`, 'nft', '-f', '-'], rules);
  }

  /** Runs a program in the namespace to its end. @returns its output */
  run(command: string, ...args: string[]): string {
    return run('nsenter', [`--net=${this.path}`, command, ...args]);
  }

  /** Sets kernel parameters in /proc/sys/net, e.g. { 'ipv4/conf/all/rp_filter': 1 }. */
  sysctl(values: Readonly<Record<string, string | number>>): void {
    const lines = Object.entries(values).map(([key, value]) => `echo '${value}' > '/proc/sys/net/${key}'`);
    this.lab.do('nsenter', [`--net=${this.path}`, 'sh', '-e'], `${lines.join('\n')}\n`);
  }
}

/**
 * Network namespaces and the processes in them. All are removed at the end: by `close()`, on exit, on SIGINT and SIGTERM,
 * and even after SIGKILL, by a guard in its own session that waits until its pipe from this process closes. If the guard was
 * killed too, the next lab removes what is left. The machine's own interfaces, addresses and routes are never touched: both
 * ends of every link are created in namespaces.
 */
export class Lab {
  /** For sockets, volumes and scripts; removed at the end. */
  readonly folder: string;
  private readonly guard: ChildProcess;
  private readonly children = new Set<ChildProcess>();
  private readonly deferred: (() => unknown)[] = [];
  private closed = false;
  private script: string[] | undefined;
  private readonly onExit = () => this.cleanUpNow();
  private readonly onSignal = (signal: NodeJS.Signals) => {
    this.cleanUpNow();
    process.kill(process.pid, signal);
  };

  constructor() {
    Lab.sweep();
    this.folder = mkdtempSync(join(tmpdir(), `onprem-link-${process.pid}.${startOf('self')}-`));
    const script = `while read -r line; do :; done\n${CLEAN_UP}`;
    // In its own session, because Ctrl-C on a terminal reaches every process of the foreground group, and the guard must outlive it.
    this.guard = spawn('sh', ['-c', script, 'sh', this.prefix, tmpdir()], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    this.guard.unref();
    process.on('exit', this.onExit).on('SIGINT', this.onSignal).on('SIGTERM', this.onSignal);
  }

  /** Removes what is left of labs whose process has ended. */
  static sweep(): void {
    let names = readdirSync(tmpdir());
    try {
      names = names.concat(readdirSync(NETNS));
    } catch {
      // No namespace was ever created on this machine.
    }
    const owners = new Map(names.flatMap((name) => [OWNED.exec(name)]).flatMap((m) => (m ? [[m[0], m] as const] : [])));
    for (const [prefix, [, pid, start]] of owners) {
      if (startOf(Number(pid)) !== start) run('sh', ['-c', CLEAN_UP, 'sh', prefix, tmpdir()]);
    }
  }

  /** The start of the names of all namespaces of this lab. */
  get prefix(): string {
    return basename(this.folder);
  }

  /**
   * Collects the namespaces, links, sysctls and batches that `body` creates, and runs them in one shell at its end. For a
   * large process, starting a program takes longer than most of these programs run.
   */
  together<T>(body: () => T): T {
    const script: string[] = [];
    this.script = script;
    try {
      const result = body();
      run('sh', [], `${script.join('\n')}\n`);
      return result;
    } finally {
      this.script = undefined;
    }
  }

  /** Runs a program without returning its output, now or together with others. */
  do(command: string, args: readonly string[], input = ''): void {
    if (this.script === undefined) run(command, [...args], input);
    else this.script.push(shellLine(command, args, input));
  }

  /** Creates a namespace with its loopback up and without duplicate address detection, so that addresses work at once. */
  namespace(label: string): Namespace {
    const namespace = new Namespace(this, `${this.prefix}-${label}`);
    this.do('ip', ['netns', 'add', namespace.name]);
    const quick = { accept_dad: 0, accept_ra: 0, router_solicitations: 0 };
    namespace.sysctl(
      Object.fromEntries(
        ['all', 'default'].flatMap((which) =>
          Object.entries(quick).map(([key, value]) => [`ipv6/conf/${which}/${key}`, value]),
        ),
      ),
    );
    namespace.batch(['link set lo up']);
    return namespace;
  }

  /** Creates a veth pair between two namespaces, with both ends up. */
  link(a: LinkEnd, b: LinkEnd): void {
    this.do('ip', `link add ${a.name} netns ${a.in.name} type veth peer name ${b.name} netns ${b.in.name}`.split(' '));
    for (const end of [a, b]) {
      end.in.batch([
        ...(end.addresses ?? []).map(
          (address) => `addr add ${address} dev ${end.name}${address.includes(':') ? ' nodad' : ''}`,
        ),
        `link set ${end.name} ${end.bridge ? `master ${end.bridge} ` : ''}up`,
      ]);
    }
  }

  /** Starts a program that ends with the lab at the latest. It has its own session, so that only this process handles Ctrl-C. */
  spawn(command: string, args: readonly string[], options: SpawnOptions = {}): ChildProcess {
    if (this.closed) throw new Error('this lab is closed');
    const child = spawn(command, args, { ...options, detached: true });
    this.children.add(child);
    child.once('exit', () => this.children.delete(child)).once('error', () => this.children.delete(child));
    return child;
  }

  /** Registers a function for `close()`, which calls the last one first, before processes end. */
  defer(cleanUp: () => unknown): void {
    this.deferred.push(cleanUp);
  }

  /** Removes everything. May be called more than once. */
  async close(): Promise<void> {
    if (this.closed) return;
    const failures: unknown[] = [];
    for (const cleanUp of this.deferred.reverse()) {
      try {
        await cleanUp();
      } catch (error) {
        failures.push(error);
      }
    }
    this.cleanUpNow();
    await waitFor('the processes of the lab to end', 5000, () => this.children.size === 0, 2);
    process.off('exit', this.onExit).off('SIGINT', this.onSignal).off('SIGTERM', this.onSignal);
    this.guard.stdin?.end();
    if (failures.length > 0) throw new AggregateError(failures, 'the lab was removed, but a deferred function failed');
  }

  /** Synchronous, because exit handlers cannot wait. */
  private cleanUpNow(): void {
    if (this.closed) return;
    this.closed = true;
    process.off('SIGINT', this.onSignal).off('SIGTERM', this.onSignal);
    for (const child of this.children) child.kill('SIGKILL');
    run('sh', ['-c', CLEAN_UP, 'sh', this.prefix, tmpdir()]);
  }
}
