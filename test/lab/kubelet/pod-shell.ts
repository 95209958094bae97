import { readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import type { Namespace } from '../topology/namespaces';
import { quoted } from '../topology/shell';
import { waitFor } from '../wait';
import type { Exit } from './pod';
import type { PodLogs } from './pod-logs';

/** The script that the container's first process runs before it becomes the container's program. */
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
    // At this point, /proc is still that of the machine, and shows the machine's ID of this process, which tests need.
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
    // From here on, standard error belongs to the container. Until here it carries errors of this script and of unshare.
    'exec 2>&4 3>&- 4>&-',
    `exec ${command.map(quoted).join(' ')}`,
  ].join('\n');
}

/** The processes around a container. */
export interface Shell {
  readonly exited: Promise<Exit>;
  /** The lines of the shell so far: the machine's ID of the container's process 1, and 'started'. */
  readonly output: () => string[];
  /** The errors before the container's program started. */
  readonly errors: () => string;
}

/** Runs the script in new namespaces for a container. */
export function startShell(netns: Namespace, script: string, logs: PodLogs): Shell {
  const spaces = ['--mount', '--propagation', 'private', '--pid', '--uts', '--ipc', '--fork', '--kill-child'];
  const child = netns.lab.spawn('nsenter', [`--net=${netns.path}`, 'unshare', ...spaces, 'sh', script], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
  });
  const [, stdout, complaining, telling, stderr] = child.stdio as unknown as Readable[];
  if (stdout) logs.collect('stdout', stdout);
  if (stderr) logs.collect('stderr', stderr);
  let output = '';
  telling?.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  let errors = '';
  complaining?.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const exited = new Promise<Exit>((resolve, reject) => {
    child.once('error', reject).once('close', (code, signal) => {
      // unshare exits like its child. Up to version 2.38 it cannot do so with SIGKILL, and prints an error.
      const killed = output.includes('started') && errors !== '';
      resolve(killed ? { code: null, signal: 'SIGKILL' } : { code, signal });
    });
  });
  return { exited, output: () => output.split('\n'), errors: () => errors.trim() };
}

/**
 * Waits until the container's program runs. @throws if it cannot start
 *
 * @returns the machine's ID of the container's process 1
 */
export async function running(shell: Shell, logs: PodLogs, command: string[]): Promise<number> {
  let exit: Exit | undefined;
  void shell.exited.then((how) => {
    exit = how;
  });
  const program = `${command.join('\0')}\0`;
  const look = () => {
    const [pid, started] = shell.output();
    if (exit && !started) throw new Error(`the container did not start: ${shell.errors()}`);
    if (exit && logs.lines[0]?.text.startsWith('env: ')) throw new Error(`the container did not start: ${logs}`);
    // The program may have ended already; the test judges its exit code.
    if (exit) return true;
    try {
      return Boolean(started) && readFileSync(`/proc/${pid}/cmdline`, 'utf8') === program;
    } catch {
      return false;
    }
  };
  await waitFor('the container to start', 10_000, look, 1);
  return Number(shell.output()[0]);
}
