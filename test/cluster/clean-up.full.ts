import { execFileSync, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { waitFor } from '../lab/wait';
import { REPOSITORY } from '../repository';
import { PATIENCE_MS } from './control-plane';
import { describeFull } from './requirements';

jest.setTimeout(1_200_000);

/** Starts a cluster with both agents, prints its prefix, and keeps running. */
const STAY = `
const { FullCluster } = require('./test/cluster/full-cluster');
FullCluster.run({}, async (cluster) => {
  await cluster.install();
  console.log('prefix ' + cluster.topology.lab.prefix);
  await new Promise(() => setInterval(() => undefined, 1e6));
});`;

const HIERARCHIES = '/sys/fs/cgroup';
const listed = (folder: string, prefix: string) =>
  readdirSync(folder)
    .filter((name) => name.startsWith(prefix))
    .map((name) => join(folder, name));

/** Processes in a network namespace, or in a control group, of that name. */
function processes(prefix: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readFileSync(join('/proc', pid, 'cgroup'), 'utf8').includes(prefix);
    } catch {
      return false;
    }
  });
}

/** Everything that a running cluster creates on the machine. */
function traces(prefix: string): string[] {
  const groups = [HIERARCHIES, ...readdirSync(HIERARCHIES).map((name) => join(HIERARCHIES, name))];
  return [
    ...listed('/run/netns', prefix),
    ...listed(tmpdir(), prefix),
    ...groups.flatMap((folder) => {
      try {
        return listed(folder, prefix);
      } catch {
        return [];
      }
    }),
    ...readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .filter((line) => line.includes(prefix)),
    ...processes(prefix).map((pid) => `process ${pid}`),
  ];
}

describeFull('a cluster with kubelet and containerd', () => {
  it('leaves nothing on the machine, even if its test is killed', async () => {
    const machine = () => execFileSync('ip', ['-details', 'address'], { encoding: 'utf8' });
    const before = machine().replaceAll(/valid_lft \d+sec/g, '');
    const test = spawn(process.execPath, ['--require', 'tsx/cjs', '--eval', STAY], {
      cwd: REPOSITORY,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const prefix = await new Promise<string>((resolve, reject) => {
      createInterface({ input: test.stdout }).on('line', (line) => {
        if (line.startsWith('prefix ')) resolve(line.slice('prefix '.length));
      });
      test.once('exit', (code) => reject(new Error(`the cluster did not start: exit code ${code}`)));
    });
    expect(processes(prefix).length).toBeGreaterThan(3);
    expect(traces(prefix).some((trace) => trace.startsWith(HIERARCHIES))).toBe(true);
    test.kill('SIGKILL');
    let left: string[] = [];
    await waitFor('everything to be removed', PATIENCE_MS, () => {
      left = traces(prefix);
      return left.length === 0;
    }).catch(() => undefined);
    expect(left).toEqual([]);
    expect(machine().replaceAll(/valid_lft \d+sec/g, '')).toBe(before);
  });
});
