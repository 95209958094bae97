import { readFileSync } from 'node:fs';
import { find, type Manifest } from '../dist';
import type { Pod } from '../kubelet/pod';
import { describeLab, node26 } from '../requirements';
import { Testbed } from '../testbed';
import { waitFor } from '../wait';

jest.setTimeout(90_000);

const SUBNETS = ['192.168.0.0/24', '192.168.1.0/24'];

describeLab('faults of the agent itself', () => {
  it('a port in use: routes are still maintained, and pages are served once the port is free', () =>
    Testbed.run({}, async (testbed) => {
      const squatter = await testbed.node.client.serve('127.0.0.1', 9142, 'somebody else');
      const pod = await testbed.cluster.startPod();
      await testbed.untilOwned(SUBNETS);
      await pod.waitForLog(({ json }) => json?.event === 'http.failed', 5000);
      expect((await pod.probe('readiness')).body).toBe('somebody else');
      await squatter.close();
      await testbed.untilReadiness(pod, true, /2 effective/);
    }));

  it('SIGKILL at any moment of a stream of changes loses no route of the last list', () =>
    Testbed.run({}, async (testbed) => {
      let last: string[] = [];
      const first = await testbed.startReady();
      first.signal('SIGKILL');
      await first.exited;
      for (let round = 0; round < 8; round++) {
        const pod = await testbed.cluster.startPod();
        for (let i = 0; i < 5; i++) {
          last = [...SUBNETS, ...Array.from({ length: 40 }, (_, k) => `172.31.${(round * 5 + i + k) % 250}.0/24`)];
          testbed.putList(last);
          await pod
            .waitForLog(({ json }) => json?.event === 'list.accepted', 5000, pod.logs.lines.length)
            .catch(() => undefined);
        }
        pod.signal('SIGKILL');
        await pod.exited;
        for (const subnet of SUBNETS) expect(testbed.owned()).toContain(subnet);
      }
      await testbed.startReady();
      await testbed.untilOwned([...new Set(last)]);
    }));

  it('two agents with the same protocol number: the second reports it, is unready and changes nothing until the first is gone', () =>
    Testbed.run({}, async (testbed) => {
      const first = await testbed.startReady();
      const second = await testbed.cluster.startPod(
        testbed.node,
        asAnother(find(testbed.cluster.objects, 'DaemonSet')),
      );
      await testbed.untilReadiness(
        second,
        false,
        /route protocol 142 is in use on this node by onprem-link\/node-routes; if both belong on this node, give one of the two another protocol/,
      );
      expect(testbed.owned()).toEqual(SUBNETS);
      await testbed.untilReadiness(first, true, /2 effective/);
      first.signal('SIGKILL');
      await first.exited;
      await second.waitForLog(({ json }) => json?.event === 'lock.taken', 5000);
    }));

  it('an unprivileged process that takes the lock name does not stop the agent', () =>
    Testbed.run({}, async (testbed) => {
      const { netns } = testbed.node;
      const squat = `process.setuid(65534); require('node:net').createServer((socket) => socket.end('onprem-link/node-routes')).listen('\\0onprem-link/route-protocol/142', () => console.log('taken'))`;
      const squatter = netns.lab.spawn('nsenter', [`--net=${netns.path}`, node26(), '--eval', squat], {
        stdio: 'pipe',
      });
      await new Promise((resolve) => squatter.stdout?.once('data', resolve));
      const pod = await testbed.startReady();
      expect(testbed.owned()).toEqual(SUBNETS);
      const { json } = await pod.waitForLog(({ json: line }) => line?.event === 'lock.squatted', 5000);
      expect(json).toMatchObject({ level: 'error', user: 65534 });
      const gone = new Promise((resolve) => squatter.once('exit', resolve));
      squatter.kill();
      await gone;
      const sockets = () => testbed.node.client.read('/proc/net/unix');
      await waitFor('the agent to take the name', 5000, async () => (await sockets()).includes('/route-protocol/142'));
      const second = await testbed.cluster.startPod(
        testbed.node,
        asAnother(find(testbed.cluster.objects, 'DaemonSet')),
      );
      await testbed.untilReadiness(second, false, /in use on this node by onprem-link\/node-routes/);
    }));

  it('a list of 40,000 routes: events of the agent’s own changes do not fill the event queue', () =>
    Testbed.run({}, async (testbed) => {
      const pod = await testbed.startReady();
      testbed.putList(
        Array.from({ length: 40_000 }, (_, i) => `172.${16 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}/32`),
      );
      await testbed.untilReadiness(pod, true, /40000 effective/, 30_000);
      expect(pod.logs.lines.filter(({ json }) => json?.event === 'kernel.overrun')).toEqual([]);
      testbed.putList(SUBNETS);
      await testbed.untilOwned(SUBNETS, 30_000);
      expect(pod.logs.lines.filter(({ json }) => json?.event === 'kernel.overrun')).toEqual([]);
    }));

  it('harmful lists, with 500,000 entries or as many mistakes as fit, are rejected without using much memory', () =>
    Testbed.run({}, async (testbed) => {
      const pod = await testbed.startReady();
      for (const text of [`[${Array(500_000).fill(1)}]`, `[${Array(60_000).fill('"10.0.0.1/8"')}]`]) {
        testbed.putText(text);
        await pod.waitForLog(({ json }) => json?.event === 'list.rejected', 10_000, pod.logs.lines.length);
        await testbed.untilReadiness(pod, false, /rejected/);
      }
      expect(testbed.owned()).toEqual(SUBNETS);
      testbed.putList(SUBNETS);
      await testbed.untilReadiness(pod, true, /2 effective/);
    }));

  it('a storm of 50,000 foreign changes: the agent stays alive, and routes are correct afterwards', () =>
    Testbed.run({}, async (testbed) => {
      const pod = await testbed.startReady();
      const storm = Array.from(
        { length: 25_000 },
        (_, i) => `172.${16 + (i >> 14)}.${(i >> 6) & 255}.${(i & 63) * 4}/30`,
      );
      testbed.node.netns.batch(storm.map((subnet) => `route add ${subnet} via 198.51.100.1`));
      testbed.ip('route del 192.168.0.0/24');
      testbed.node.netns.batch(storm.map((subnet) => `route del ${subnet} via 198.51.100.1`));
      await testbed.untilOwned(SUBNETS, 10_000);
      await testbed.untilReadiness(pod, true, /2 effective/, 10_000);
    }));

  it('after lost kernel events, everything is read again', () =>
    Testbed.run({}, async (testbed) => {
      const pod = await testbed.startReady();
      // A stopped agent cannot read, so the kernel's queue for it overflows and the last deletion is lost too.
      pod.signal('SIGSTOP');
      const storm = Array.from({ length: 40_000 }, (_, i) => (i % 2 === 0 ? 'add' : 'del'));
      testbed.node.netns.batch(storm.map((verb) => `route ${verb} 172.16.0.0/30 via 198.51.100.1 table 1000`));
      testbed.ip('route del 192.168.0.0/24');
      pod.signal('SIGCONT');
      await pod.waitForLog(({ json }) => json?.event === 'kernel.overrun', 10_000);
      // The kernel must not drop further events unnoticed while the agent slowly reads the queue.
      pod.signal('SIGSTOP');
      const dropped = droppedEvents(pod);
      testbed.node.netns.batch(storm.map((verb) => `route ${verb} 172.16.0.0/30 via 198.51.100.1 table 1000`));
      await waitFor('the kernel to drop further events', 5000, () => droppedEvents(pod) > dropped);
      // Unless the agent has not restored it yet.
      if (testbed.owned().includes('192.168.0.0/24')) testbed.ip('route del 192.168.0.0/24');
      pod.signal('SIGCONT');
      await testbed.untilOwned(SUBNETS, 10_000);
      for (let i = 0; i < 20; i++) {
        testbed.ip('route del 192.168.0.0/24');
        await testbed.untilOwned(SUBNETS, 10_000);
      }
    }));

  it('missing capabilities are reported with the kernel’s message, without a crash', () =>
    Testbed.run({}, async (testbed) => {
      const copy = structuredClone(find(testbed.cluster.objects, 'DaemonSet')) as never as {
        spec: { template: { spec: { containers: { securityContext: { capabilities: object } }[] } } };
      };
      const container = copy.spec.template.spec.containers[0];
      if (container) container.securityContext.capabilities = { drop: ['ALL'] };
      const pod = await testbed.cluster.startPod(testbed.node, copy as never);
      const line = await pod.waitForLog(({ json }) => json?.level === 'error', 5000);
      expect(line.json?.message).toMatch(/CAP_NET_ADMIN/);
      expect((await pod.exited).code).toBe(1);
      expect(testbed.owned()).toEqual([]);
    }));

  it.each<[string, (command: string[]) => string[], RegExp]>([
    [
      'a missing flag',
      (command) => command.filter((word) => word !== '--allow-ffi' && word !== '--allow-net'),
      /without --allow-ffi --allow-net: start the agent as the DaemonSet does/,
    ],
    ['another Node', ([, ...command]) => [process.execPath, command.at(-1) as string], /Node 26 is needed, this is v/],
  ])('%s causes one log line with the requirement, never a stack trace', (_, change, message) =>
    Testbed.run({}, async (testbed) => {
      const pod = await testbed.cluster.startPod(testbed.node, withCommand(testbed.cluster.workload, change));
      expect((await pod.exited).code).toBe(1);
      expect(pod.logs.lines).toHaveLength(1);
      expect(pod.logs.lines[0]?.json).toMatchObject({ event: 'agent.failed', message: expect.stringMatching(message) });
    }),
  );

  it('the agent works without its Node flags, as another image’s entrypoint may start it', () =>
    Testbed.run({}, async (testbed) => {
      const bare = (command: string[]) => [command[0] as string, command.at(-1) as string];
      const pod = await testbed.cluster.startPod(testbed.node, withCommand(testbed.cluster.workload, bare));
      await testbed.untilReadiness(pod, true, /2 effective/);
      testbed.ip('route del 192.168.0.0/24');
      await testbed.untilOwned(SUBNETS);
    }));

  it('invalid settings are reported all at once, and the agent exits', () =>
    Testbed.run({ env: { ROUTE_PROTOCOL: '999', PRIVATE_NETWORKS: '10.0.0.1/8' } }, async (testbed) => {
      const pod = await testbed.cluster.startPod();
      const line = await pod.waitForLog(({ json }) => json?.event === 'agent.failed', 5000);
      expect(line.json?.message).toMatch(/^ROUTE_PROTOCOL: /m);
      expect(line.json?.message).toMatch(/^PRIVATE_NETWORKS: .*did you mean 10\.0\.0\.0\/8/m);
      expect((await pod.exited).code).toBe(1);
    }));

  it('a termination signal from the kubelet during a pass ends the agent cleanly', () =>
    Testbed.run({}, async (testbed) => {
      const pod = await testbed.startReady();
      testbed.putList(Array.from({ length: 5000 }, (_, i) => `172.16.${i >> 6}.${(i & 63) * 4}/30`));
      await pod.waitForLog(({ json }) => json?.event === 'list.accepted' && json.routes === 5000, 10_000);
      expect(await pod.stop()).toEqual({ code: 0, signal: null });
      await waitFor('the routes to exist', 1000, () => testbed.owned().length > 0);
    }));
});

/** How many events the kernel dropped because queues in the pod's network were full. */
function droppedEvents({ pid }: Pod): number {
  const [header = '', ...sockets] = readFileSync(`/proc/${pid}/net/netlink`, 'utf8').trim().split('\n');
  const column = header.trim().split(/\s+/).indexOf('Drops');
  return sockets.reduce((sum, line) => sum + Number(line.trim().split(/\s+/)[column]), 0);
}

/** The DaemonSet with another command. */
function withCommand(workload: Manifest, change: (command: string[]) => string[]): Manifest {
  const copy = structuredClone(workload) as Manifest & {
    spec: { template: { spec: { containers: { command: string[] }[] } } };
  };
  for (const container of copy.spec.template.spec.containers) container.command = change(container.command);
  return copy;
}

/** The DaemonSet of a second NodeRoutes without its own protocol number. */
function asAnother(workload: Manifest): Manifest {
  const text = JSON.stringify(workload).replaceAll('z/node-routes"', 'z/second"').replaceAll('9142', '9143');
  return JSON.parse(text.replace('"INSTANCE","value":"node-routes"', '"INSTANCE","value":"second"')) as Manifest;
}
