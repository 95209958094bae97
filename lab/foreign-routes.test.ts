import { DUAL_STACK } from './picture';
import { describeLab } from './requirements';
import { PROTOCOL, Scene } from './scene';
import { waitFor } from './wait';

jest.setTimeout(60_000);

const SUBNETS = ['192.168.0.0/24', '192.168.1.0/24'];

describeLab('foreign routes are sacred', () => {
  it.each(['proto boot', 'proto static metric 50', 'proto 80 metric 4000'])(
    'one of the same prefix with the same next hop satisfies (%s)',
    (marks) =>
      Scene.play({}, async (scene) => {
        scene.ip(`route add 192.168.0.0/24 via 10.184.0.1 ${marks}`);
        const pod = await scene.startReady();
        expect(scene.owned()).toEqual(['192.168.1.0/24']);
        expect((await scene.status(pod)).counts).toEqual({ effective: 1, satisfied: 1 });
        expect(await scene.picture.answered()).toBe(true);
        scene.putList([]);
        await scene.untilOwned([]);
        expect(routesTo(scene, '192.168.0.0/24')).toHaveLength(1);
      }),
  );

  it.each(['', 'metric 50', 'metric 4000'])(
    'one with another next hop is a conflict, told with both sides (%s)',
    (metric) =>
      Scene.play({}, async (scene) => {
        scene.ip(`route add 192.168.0.0/24 via 198.51.100.1 proto static ${metric}`.trim());
        const before = routesTo(scene, '192.168.0.0/24');
        const pod = await scene.cluster.startPod();
        await scene.untilReadiness(
          pod,
          false,
          /192\.168\.0\.0\/24 conflicting: listed via 10\.184\.0\.1 dev priv, but the node has 192\.168\.0\.0\/24 via 198\.51\.100\.1 dev pub, protocol 4/,
        );
        expect(scene.owned()).toEqual(['192.168.1.0/24']);
        expect(routesTo(scene, '192.168.0.0/24')).toEqual(before);
      }),
  );

  it('also when it appears after ours: it stays, ours stays, and it is told', () =>
    Scene.play({}, async (scene) => {
      const pod = await scene.startReady();
      scene.ip('route add 192.168.0.0/24 via 198.51.100.1 proto static metric 50');
      await pod.waitForLog(
        ({ json }) => json?.event === 'route.state' && /also has .*198\.51\.100\.1/.test(`${json.message}`),
        5000,
      );
      expect(routesTo(scene, '192.168.0.0/24')).toHaveLength(2);
      expect(await scene.picture.answered()).toBe(true);
      scene.putList([]);
      await scene.untilOwned([]);
      expect(routesTo(scene, '192.168.0.0/24')).toMatchObject([{ gateway: '198.51.100.1', metric: 50 }]);
    }));

  it('in IPv6, where the kernel would merge routes of one prefix and metric, theirs survives the removal of ours', () =>
    Scene.play(
      { picture: DUAL_STACK, env: { PRIVATE_NETWORKS: '10.0.0.0/8,fd00::/8' }, list: ['2001:db8:a::/64'] },
      async (scene) => {
        const pod = await scene.startReady();
        scene.ip('-6 route append 2001:db8:a::/64 via 2001:db8:51::1 dev pub proto static');
        await pod.waitForLog(({ json }) => /also has .*2001:db8:51::1/.test(`${json?.message}`), 5000);
        scene.putList([]);
        await scene.untilOwned([], 5000, 6);
        const left = scene.picture.routes(6).filter(({ dst }) => dst === '2001:db8:a::/64');
        expect(left).toMatchObject([{ gateway: '2001:db8:51::1', protocol: '4' }]);
      },
    ));

  it('when a conflict ends, ours takes its place', () =>
    Scene.play({}, async (scene) => {
      scene.ip('route add 192.168.0.0/24 via 198.51.100.1 proto static');
      const pod = await scene.cluster.startPod();
      await scene.untilReadiness(pod, false, /conflicting/);
      scene.ip('route del 192.168.0.0/24 proto static');
      await scene.untilReadiness(pod, true, /2 effective/);
      expect(scene.owned()).toEqual(SUBNETS);
    }));
});

describeLab('routes of the original DaemonSet', () => {
  it.each(['', 'metric 50'])('become ours without a gap, when asked for (%s)', (metric) =>
    Scene.play({ env: { ADOPT_LEGACY_ROUTES: 'true' } }, async (scene) => {
      for (const subnet of SUBNETS) scene.ip(`route add ${subnet} via 10.184.0.1 proto boot ${metric}`.trim());
      const misses = watchForMisses(scene);
      await scene.startReady();
      expect(await misses.stop()).toEqual([]);
      expect(scene.owned()).toEqual(SUBNETS);
      expect(SUBNETS.flatMap((subnet) => routesTo(scene, subnet)).map(({ protocol }) => protocol)).toEqual(
        SUBNETS.map(() => `${PROTOCOL}`),
      );
    }),
  );
});

describeLab('a changed protocol number', () => {
  it('leaves no orphans: what carries the former number becomes ours or goes', () =>
    Scene.play({ env: { FORMER_PROTOCOLS: '141' } }, async (scene) => {
      scene.ip('route add 192.168.0.0/24 via 10.184.0.1 proto 141');
      scene.ip('route add 192.168.77.0/24 via 10.184.0.1 proto 141');
      await scene.startReady();
      expect(scene.owned()).toEqual(SUBNETS);
      expect(scene.owned(4, 141)).toEqual([]);
    }));
});

function routesTo(scene: Scene, subnet: string) {
  return scene.picture.routes().filter(({ dst }) => dst === subnet);
}

/** Asks the kernel again and again for an address in the first subnet; collects answers that are not the private way. */
function watchForMisses(scene: Scene): { stop(): Promise<string[]> } {
  const misses: string[] = [];
  let stopped = false;
  const watching = waitFor('the end of the watch', 30_000, () => {
    const [answer] = scene.node.netns.ipJson<{ gateway?: string }[]>('route', 'get', '192.168.0.10');
    if (answer?.gateway !== '10.184.0.1') misses.push(JSON.stringify(answer));
    return stopped;
  });
  return {
    stop: async () => {
      stopped = true;
      await watching;
      return misses;
    },
  };
}
