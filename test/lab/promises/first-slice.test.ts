import { describeLab } from '../requirements';
import { Scene } from '../scene';

jest.setTimeout(60_000);

const SUBNETS = ['192.168.0.0/24', '192.168.1.0/24'];

describeLab('the pod of dist/example', () => {
  it('makes packets arrive that the kernel dropped', () =>
    Scene.play({}, async (scene) => {
      expect(await scene.picture.answered(scene.node, 300)).toBe(false);
      const dropped = await scene.picture.rpFilterDrops();
      expect(dropped).toBeGreaterThan(0);
      const pod = await scene.startReady();
      expect(scene.owned()).toEqual(SUBNETS);
      expect(await scene.picture.answered()).toBe(true);
      expect(await scene.picture.rpFilterDrops()).toBe(dropped);
      expect((await pod.probe('readiness')).body).toBe('2 routes: 2 effective\n');
      expect((await pod.probe('liveness')).ok).toBe(true);
      expect(pod.logs.lines.filter(({ stream }) => stream === 'stderr')).toEqual([]);
    }));

  it('adds what is added to the list, removes what is removed, and leaves the rest alone', () =>
    Scene.play({}, async (scene) => {
      await scene.startReady();
      scene.putList(['192.168.1.0/24', '192.168.5.0/24']);
      await scene.untilOwned(['192.168.1.0/24', '192.168.5.0/24']);
      scene.putList([]);
      await scene.untilOwned([]);
      expect(scene.picture.nexthops()).toEqual([]);
    }));

  it('refuses a bad list as a whole, keeps the last good one, and says why', () =>
    Scene.play({}, async (scene) => {
      const pod = await scene.startReady();
      scene.putText('["192.168.7.0/24", "10.94.227.46/24", "192.168.9.0"]');
      await scene.untilReadiness(pod, false, /rejected.*did you mean 10\.94\.227\.0\/24\?/s);
      expect(scene.owned()).toEqual(SUBNETS);
      expect(await scene.picture.answered()).toBe(true);
      scene.putList(['192.168.1.0/24']);
      await scene.untilReadiness(pod, true, /1 effective/);
      expect(scene.owned()).toEqual(['192.168.1.0/24']);
    }));

  it('remembers across a restart what it owns, through the kernel', () =>
    Scene.play({}, async (scene) => {
      const first = await scene.startReady();
      first.signal('SIGKILL');
      await first.exited;
      expect(scene.owned()).toEqual(SUBNETS);
      scene.putList(['192.168.1.0/24']);
      await scene.startReady();
      expect(scene.owned()).toEqual(['192.168.1.0/24']);
    }));

  it('never takes the default route for the private network: it waits, unready, and goes on when the entry comes', () =>
    Scene.play({}, async (scene) => {
      scene.ip('route del 10.0.0.0/8');
      const pod = await scene.cluster.startPod();
      await scene.untilReadiness(pod, false, /has the address 10\.184\.0\.2 but no route for 10\.0\.0\.0\/8/);
      expect(scene.owned()).toEqual([]);
      scene.ip('route add 10.0.0.0/8 via 10.184.0.1');
      await scene.untilOwned(SUBNETS);
      await scene.untilReadiness(pod, true, /2 effective/);
    }));
});
