import { describeLab } from '../requirements';
import { Testbed } from '../testbed';

jest.setTimeout(60_000);

const SUBNETS = ['192.168.0.0/24', '192.168.1.0/24'];

describeLab('the pod of dist/example', () => {
  it('delivers packets that the kernel dropped before', () =>
    Testbed.run({}, async (testbed) => {
      expect(await testbed.topology.answered(testbed.node, 300)).toBe(false);
      const dropped = await testbed.topology.rpFilterDrops();
      expect(dropped).toBeGreaterThan(0);
      const pod = await testbed.startReady();
      expect(testbed.owned()).toEqual(SUBNETS);
      expect(await testbed.topology.answered()).toBe(true);
      expect(await testbed.topology.rpFilterDrops()).toBe(dropped);
      expect((await pod.probe('readiness')).body).toBe('2 routes: 2 effective\n');
      expect((await pod.probe('liveness')).ok).toBe(true);
      expect(pod.logs.lines.filter(({ stream }) => stream === 'stderr')).toEqual([]);
    }));

  it('adds and removes routes as the list changes, and leaves the rest alone', () =>
    Testbed.run({}, async (testbed) => {
      await testbed.startReady();
      testbed.putList(['192.168.1.0/24', '192.168.5.0/24']);
      await testbed.untilOwned(['192.168.1.0/24', '192.168.5.0/24']);
      testbed.putList([]);
      await testbed.untilOwned([]);
      expect(testbed.topology.nexthops()).toEqual([]);
    }));

  it('rejects an invalid list as a whole, keeps the last valid one, and reports why', () =>
    Testbed.run({}, async (testbed) => {
      const pod = await testbed.startReady();
      testbed.putText('["192.168.7.0/24", "10.94.227.46/24", "192.168.9.0"]');
      await testbed.untilReadiness(pod, false, /rejected.*did you mean 10\.94\.227\.0\/24\?/s);
      expect(testbed.owned()).toEqual(SUBNETS);
      expect(await testbed.topology.answered()).toBe(true);
      testbed.putList(['192.168.1.0/24']);
      await testbed.untilReadiness(pod, true, /1 effective/);
      expect(testbed.owned()).toEqual(['192.168.1.0/24']);
    }));

  it('recognises its own routes in the kernel after a restart', () =>
    Testbed.run({}, async (testbed) => {
      const first = await testbed.startReady();
      first.signal('SIGKILL');
      await first.exited;
      expect(testbed.owned()).toEqual(SUBNETS);
      testbed.putList(['192.168.1.0/24']);
      await testbed.startReady();
      expect(testbed.owned()).toEqual(['192.168.1.0/24']);
    }));

  it('never uses the default route for the private network: it waits, unready, and continues once the entry appears', () =>
    Testbed.run({}, async (testbed) => {
      testbed.ip('route del 10.0.0.0/8');
      const pod = await testbed.cluster.startPod();
      await testbed.untilReadiness(pod, false, /has the address 10\.184\.0\.2 but no route for 10\.0\.0\.0\/8/);
      expect(testbed.owned()).toEqual([]);
      testbed.ip('route add 10.0.0.0/8 via 10.184.0.1');
      await testbed.untilOwned(SUBNETS);
      await testbed.untilReadiness(pod, true, /2 effective/);
    }));
});
