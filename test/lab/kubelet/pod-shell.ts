import { readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import type { Namespace } from '../topology/namespaces';
import { quoted } from '../topology/shell';
import { waitFor } from '../wait';
import type { Exit } from './pod';
import type { PodLogs } from './pod-logs';

/** What the first process of the container does before it becomes the container's own program. */
export function startScript(options: {
  root: string;
  fstab: string;
  hostname: string;
  cgroup: string | undefined;
  readOnly: boolean;
  workingDir: string;
  command: readonly string[];
}): string {
  const { root, fstab, hostname, cgroup, readOnly, workingDir, command } = options;
  return [
    'set -e',
    // Still the machine's /proc, which shows the machine's number of this process: the one that tests need.
    'read -r pid rest < /proc/self/stat',
    'echo "$pid" >&3',
    ...(cgroup === undefined ? [] : [`echo 0 > ${quoted(`${cgroup}/cgroup.procs`)}`]),
    `echo ${quoted(hostname)} > /proc/sys/kernel/hostname`,
    `mount --all --fstab ${quoted(fstab)}`,
    `cd ${quoted(root)}`,
    'pivot_root . .old',
    'cd /',
    'umount -l /.old',
    'rmdir /.old',
    ...(readOnly ? ['mount -o remount,bind,ro /'] : []),
    `cd ${quoted(workingDir)}`,
    'echo started >&3',
    // From here on standard error is the container's own; until here it is ours, as is that of unshare.
    'exec 2>&4 3>&- 4>&-',
    `exec ${command.map(quoted).join(' ')}`,
  ].join('\n');
}

/** The processes around a container. */
export interface Shell {
  readonly exited: Promise<Exit>;
  /** What the shell and unshare told so far: the machine's number of the container's process 1, and 'started'. */
  readonly told: () => string[];
  /** What went wrong before the container's own program ran. */
  readonly complaints: () => string;
}

/** Starts the script in the namespaces of a new container. */
export function startShell(netns: Namespace, script: string, logs: PodLogs): Shell {
  const spaces = ['--mount', '--propagation', 'private', '--pid', '--uts', '--ipc', '--fork', '--kill-child'];
  const child = netns.lab.spawn('nsenter', [`--net=${netns.path}`, 'unshare', ...spaces, 'sh', script], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
  });
  const [, stdout, complaining, telling, stderr] = child.stdio as unknown as Readable[];
  if (stdout) logs.collect('stdout', stdout);
  if (stderr) logs.collect('stderr', stderr);
  let told = '';
  telling?.setEncoding('utf8').on('data', (text: string) => {
    told += text;
  });
  let complaints = '';
  complaining?.setEncoding('utf8').on('data', (text: string) => {
    complaints += text;
  });
  const exited = new Promise<Exit>((resolve, reject) => {
    child.once('error', reject).once('close', (code, signal) => {
      // unshare ends as its child did, but up to 2.38 it fails to do so with SIGKILL, and complains.
      const killed = told.includes('started') && complaints !== '';
      resolve(killed ? { code: null, signal: 'SIGKILL' } : { code, signal });
    });
  });
  return { exited, told: () => told.split('\n'), complaints: () => complaints.trim() };
}

/**
 * Waits until the container's own program runs, or tells why it does not.
 *
 * @returns the machine's number of the container's process 1
 */
export async function running(shell: Shell, logs: PodLogs, command: string[]): Promise<number> {
  let exit: Exit | undefined;
  void shell.exited.then((how) => {
    exit = how;
  });
  const program = `${command.join('\0')}\0`;
  const look = () => {
    const [pid, started] = shell.told();
    if (exit && !started) throw new Error(`the container did not start: ${shell.complaints()}`);
    if (exit && logs.lines[0]?.text.startsWith('env: ')) throw new Error(`the container did not start: ${logs}`);
    // A program may be over before we look; how it ended is for the test to judge.
    if (exit) return true;
    try {
      return Boolean(started) && readFileSync(`/proc/${pid}/cmdline`, 'utf8') === program;
    } catch {
      return false;
    }
  };
  await waitFor('the container to start', 10_000, look, 1);
  return Number(shell.told()[0]);
}
