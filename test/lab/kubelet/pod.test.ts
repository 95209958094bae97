import { readFileSync } from 'node:fs';
import type { Manifest } from '../dist';
import { describeLab } from '../requirements';
import { Lab, type Namespace } from '../topology/namespaces';
import { fakeAgent, POLITE } from './fake-agent';
import type { Pod } from './pod';
import { startPod } from './pod-start';

jest.setTimeout(30_000);

/** NET_ADMIN is capability number 12. */
const NET_ADMIN = '0000000000001000';
const security = (securityContext: object) => (container: Record<string, unknown>) => {
  container.securityContext = securityContext;
};

describeLab('a pod', () => {
  let lab: Lab;
  let netns: Namespace;
  beforeAll(() => {
    lab = new Lab();
    netns = lab.namespace('node');
  });
  afterAll(() => lab.close());

  function start(script: string, change?: (container: Record<string, unknown>) => void): Promise<Pod> {
    const objects = fakeAgent(script, change);
    return startPod({
      netns,
      workload: objects[0] as Manifest,
      objects,
      nodeName: 'worker-1',
      podIPs: ['127.0.0.1'],
      serviceHost: '172.21.0.1',
      token: 'first',
      ca: 'PEM',
    });
  }

  const status = ({ pid }: Pod, key: string) =>
    new RegExp(`^${key}:\\s+(.*)$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];

  it('runs its command as process 1 with the environment of its spec, and becomes ready', async () => {
    const pod = await start(POLITE);
    expect((await pod.waitForLog(({ json }) => json?.event === 'up', 5000)).json).toMatchObject({
      pid: 1,
      argv: ['worker-1', '$(NOT_THERE)', '$(NODE_NAME)'],
      env: { NODE_NAME: 'worker-1', GREETING: 'hello worker-1', HOSTNAME: 'worker-1', HOME: '/root' },
      namespace: 'lab',
      ca: 'PEM',
    });
    expect(await pod.waitReady(5000)).toEqual({ ok: true, status: 200, body: 'first' });
    expect(Object.keys(pod.logs.json[0]?.env as object).filter((name) => /^(LAB|JEST|npm|TMP)/.test(name))).toEqual([]);
    expect(pod.rss().now).toBeGreaterThan(10_000_000);
    expect(pod.rss().peak).toBeGreaterThanOrEqual(pod.rss().now);
    expect(await pod.stop()).toEqual({ code: 0, signal: null });
    expect(pod.logs.json.at(-1)).toEqual({ event: 'leaving' });
  });

  it('has only the capabilities of its spec, including in kubectl exec', async () => {
    const pod = await start(POLITE);
    expect(['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'].map((key) => status(pod, key))).toEqual([
      '0000000000000000',
      NET_ADMIN,
      NET_ADMIN,
      NET_ADMIN,
      '0000000000000000',
    ]);
    expect(status(pod, 'NoNewPrivs')).toBe('1');
    const { stdout } = await pod.exec(['sh', '-c', 'cat /proc/self/status; cat /proc/1/comm']);
    expect(stdout).toContain(`CapEff:\t${NET_ADMIN}`);
    expect(stdout).toMatch(/node/);
    await pod.stop();
  });

  it.each([
    ['drop ALL', { capabilities: { drop: ['ALL'] } }, '0000000000000000', '0'],
    [
      'another user',
      { runAsUser: 1000, capabilities: { drop: ['ALL'], add: ['NET_ADMIN'] } },
      '0000000000000000',
      '1000',
    ],
  ])('has the rights that a runtime would give with %s', async (_, context, effective, user) => {
    const pod = await start(POLITE, security(context));
    expect([status(pod, 'CapEff'), status(pod, 'Uid')?.split('\t')[0]]).toEqual([effective, user]);
    expect((await pod.waitReady(5000)).body).toBe('first');
    await pod.stop();
  });

  it("has all of the machine's capabilities and may write to /proc/sys if privileged", async () => {
    const pod = await start(POLITE, security({ privileged: true }));
    expect(status(pod, 'CapEff')).toBe(/^CapBnd:\s+(.*)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
    const write = await pod.exec([
      'sh',
      '-c',
      'echo 1 > /proc/sys/net/ipv4/ip_forward && cat /proc/sys/net/ipv4/ip_forward',
    ]);
    expect(write).toEqual({ code: 0, stdout: '1\n', stderr: '' });
    await pod.stop();
  });

  it('can write only where its spec allows it', async () => {
    const pod = await start(POLITE);
    const write = async (file: string) => (await pod.exec(['sh', '-c', `echo x > ${file}`])).code;
    expect(await write('/scratch/file')).toBe(0);
    expect(await write('/dev/shm/file')).toBe(0);
    for (const file of ['/file', '/tmp/file', '/usr/file', '/opt/lab/file', '/proc/sys/net/ipv4/ip_forward']) {
      expect([file, await write(file)]).not.toEqual([file, 0]);
    }
    await pod.stop();
    const writable = await start(POLITE, security({}));
    expect((await writable.exec(['sh', '-c', 'echo x > /tmp/file && cat /tmp/file'])).stdout).toBe('x\n');
    await writable.stop();
  });

  it("sees only the machine's programs, and only those that the image has", async () => {
    const pod = await start(POLITE);
    const { stdout } = await pod.exec([
      'sh',
      '-c',
      'echo /*; ls /proc | grep -c "^[0-9]"; cut -d" " -f5 /proc/self/mountinfo',
    ]);
    const [root, processes] = stdout.split('\n');
    expect(root).toBe('/bin /dev /etc /home /lib /lib64 /opt /proc /root /run /sbin /scratch /sys /tmp /usr /var');
    expect(Number(processes)).toBeLessThan(8);
    expect(stdout).not.toContain('/run/netns');
    expect((await pod.exec(['ip', 'route'])).code).not.toBe(0);
    expect((await pod.exec(['node', '--version'])).stdout).toBe('v26.10.0\n');
    await pod.stop();
  });

  it('sees a rotated token and a changed ConfigMap without a restart', async () => {
    const pod = await start(POLITE);
    await pod.waitReady(5000);
    pod.rotateToken('second');
    expect((await pod.probe('readiness')).body).toBe('second');
    const metadata = { name: 'stand-in-agent', namespace: 'lab' };
    pod.updateConfigMap({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { 'agent.cjs': 'changed' } });
    expect((await pod.exec(['cat', '/opt/lab/agent.cjs'])).stdout).toBe('changed');
    await pod.stop();
  });

  it('is killed after its grace period if it does not handle SIGTERM', async () => {
    const pod = await start('setInterval(() => undefined, 1000); console.log("up")');
    await pod.waitForLog(({ text }) => text === 'up', 5000);
    const begin = performance.now();
    expect(await pod.stop()).toEqual({ code: null, signal: 'SIGKILL' });
    expect(performance.now() - begin).toBeGreaterThan(950);
  });

  it('reports its exit code and its complete output if it ends by itself', async () => {
    const pod = await start('console.log("a"); console.error("b"); process.exitCode = 7;');
    expect(await pod.exited).toEqual({ code: 7, signal: null });
    expect(pod.logs.lines.map(({ stream, text }) => `${stream} ${text}`).sort()).toEqual(['stderr b', 'stdout a']);
    await expect(pod.waitReady(1000)).rejects.toThrow('the container ended');
  });

  it('does not start if its program is missing or its spec is not supported', async () => {
    await expect(start(POLITE, (container) => Object.assign(container, { command: ['/no/such'] }))).rejects.toThrow(
      /did not start|No such file/,
    );
    await expect(start(POLITE, (container) => Object.assign(container, { envFrom: [{}] }))).rejects.toThrow(
      'agent.envFrom: not supported by the lab',
    );
  });

  it('is not ready until its probe succeeds, and the error says why', async () => {
    const pod = await start('setInterval(() => undefined, 1000)');
    await expect(pod.waitReady(100)).rejects.toThrow('not ready: 0 ECONNREFUSED');
    pod.signal('SIGKILL');
    await pod.exited;
  });
});
