import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describeLab } from '../requirements';
import { waitFor } from '../wait';
import { Lab, run } from './namespaces';
import { NetnsClient } from './netns-client';

jest.setTimeout(30_000);

/** The namespaces and the folder of a lab on this machine. */
function traces(prefix: string): string[] {
  const namespaces = existsSync('/run/netns') ? readdirSync('/run/netns') : [];
  return [...namespaces, ...readdirSync(tmpdir())].filter((name) => name.startsWith(prefix));
}

const alive = (pid: number) => existsSync(`/proc/${pid}`);

/** Another process with its own lab, which runs until it is killed. It prints the lab's prefix and the ID of a process in its namespace. */
async function otherProcess(): Promise<{ child: ChildProcess; prefix: string; pid: number }> {
  const program = `
    const { Lab } = require(${JSON.stringify(join(__dirname, 'namespaces'))});
    const lab = new Lab();
    const child = lab.spawn('nsenter', ['--net=' + lab.namespace('a').path, 'sleep', '1000'], { stdio: 'ignore' });
    console.log(JSON.stringify({ prefix: lab.prefix, pid: child.pid }));
    setInterval(() => undefined, 1000);`;
  const child = spawn(process.execPath, ['--require', 'tsx/cjs', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (!child.stdout) throw new Error('no stdout');
  for await (const line of createInterface({ input: child.stdout })) return { child, ...JSON.parse(line) };
  throw new Error('the other process exited early');
}

describeLab('a lab', () => {
  it('links namespaces in both families, with addresses usable at once', async () => {
    const lab = new Lab();
    try {
      const [a, b] = [lab.namespace('a'), lab.namespace('b')];
      lab.link(
        { in: a, name: 'to-b', addresses: ['10.0.0.1/24', 'fd00::1/64'] },
        { in: b, name: 'to-a', addresses: ['10.0.0.2/24', 'fd00::2/64'] },
      );
      for (const address of ['10.0.0.1', 'fd00::1']) {
        const server = await NetnsClient.of(a).serve(address, 0, 'hello');
        expect(await NetnsClient.of(b).fetch(server.url)).toMatchObject({ status: 200, body: 'hello' });
      }
    } finally {
      await lab.close();
    }
  });

  it('adds no interfaces or routes to the machine', async () => {
    const machine = () => [run('ip', ['-o', 'link']), run('ip', ['route', 'show', 'table', 'all'])].join();
    const before = machine();
    const lab = new Lab();
    try {
      const [a, b] = [lab.namespace('a'), lab.namespace('b')];
      lab.link({ in: a, name: 'x', addresses: ['10.0.0.1/24'] }, { in: b, name: 'y' });
      expect(machine()).toBe(before);
    } finally {
      await lab.close();
    }
    expect(machine()).toBe(before);
  });

  it('sets kernel parameters of one namespace only', async () => {
    const lab = new Lab();
    try {
      const [a, b] = [lab.namespace('a'), lab.namespace('b')];
      a.sysctl({ 'ipv4/ip_forward': 1 });
      b.sysctl({ 'ipv4/ip_forward': 0 });
      expect([a, b].map((n) => n.run('cat', '/proc/sys/net/ipv4/ip_forward').trim())).toEqual(['1', '0']);
    } finally {
      await lab.close();
    }
  });

  it('reports the command and the error of ip if the kernel rejects a change', async () => {
    const lab = new Lab();
    try {
      const a = lab.namespace('a');
      expect(() => a.ip('route', 'add', '10.94.227.46/24', 'dev', 'lo')).toThrow(
        /route add 10\.94\.227\.46\/24.*Invalid/s,
      );
      expect(() => a.batch(['link set lo up', 'link set nothing up'])).toThrow(/nothing/);
      expect(() => lab.together(() => a.batch(['link set nothing up']))).toThrow(/nothing.*\n.*\nip -n \S+ -batch -$/);
    } finally {
      await lab.close();
    }
  });

  it('is removed by close, including its processes, and starts no more afterwards', async () => {
    const lab = new Lab();
    const child = lab.spawn('nsenter', [`--net=${lab.namespace('a').path}`, 'sleep', '1000'], { stdio: 'ignore' });
    expect(traces(lab.prefix)).toHaveLength(2);
    await lab.close();
    expect(traces(lab.prefix)).toEqual([]);
    expect(alive(child.pid ?? 0)).toBe(false);
    expect(() => lab.spawn('true', [])).toThrow('closed');
    await lab.close();
  });

  it('is removed even if a deferred function fails, and reports the failure', async () => {
    const lab = new Lab();
    lab.namespace('a');
    const order: string[] = [];
    lab.defer(() => order.push('first'));
    lab.defer(() => {
      throw new Error('no');
    });
    await expect(lab.close()).rejects.toThrow('a deferred function failed');
    expect(order).toEqual(['first']);
    expect(traces(lab.prefix)).toEqual([]);
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)('is removed if its process gets %s', async (signal) => {
    const { child, prefix, pid } = await otherProcess();
    expect(traces(prefix)).toHaveLength(2);
    const ended = new Promise((resolve) => child.once('exit', (_, by) => resolve(by)));
    child.kill(signal);
    expect(await ended).toBe(signal);
    await waitFor('the guard to clean up', 5000, () => traces(prefix).length === 0 && !alive(pid));
  });

  it('removes leftovers of earlier labs, and nothing of a running lab', async () => {
    const living = new Lab();
    living.namespace('a');
    // Created by a process that then exits: labs of other workers sweep too, at any time.
    const owner = 'set -- $(cat /proc/$$/stat); name=onprem-link-$1.$(echo $* | cut -d " " -f 22)-abcdef-a';
    const orphan = run('sh', ['-ec', `${owner}; ip netns add $name; echo $name`]).trim();
    // Process 1 did not start at tick 1, so this looks as if the owner had died and its ID been reused.
    const stale = 'onprem-link-1.1-abcdef';
    mkdirSync(join(tmpdir(), stale), { recursive: true });
    Lab.sweep();
    expect([...traces(orphan), ...traces(stale)]).toEqual([]);
    expect(traces(living.prefix)).toHaveLength(2);
    await living.close();
  });
});
