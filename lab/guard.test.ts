import { describeLab } from './requirements';
import { Scene } from './scene';

jest.setTimeout(60_000);

describeLab('nothing that the node depends on is taken, and the rest of the list is applied', () => {
  it.each([
    ['10.184.0.0/26', /lies in 10\.184\.0\.0\/26, which is connected to this node's priv/],
    ['10.184.0.16/28', /lies in 10\.184\.0\.0\/26, which is connected to this node's priv/],
    ['198.51.100.0/28', /connected to this node's pub/],
    ['172.30.5.0/24', /lies in the protected subnet 172\.30\.0\.0\/16/],
    [
      '203.0.113.0/24',
      /would take the way to the API server 203\.0\.113\.10, which now goes via 198\.51\.100\.1 dev pub/,
    ],
    ['172.16.0.0/12', /would take the way to the protected subnet 172\.30\.0\.0\/16/],
  ])('%s is refused with the reason', (subnet, reason) =>
    Scene.play({ list: [subnet, '192.168.1.0/24'], env: { PROTECTED_SUBNETS: '172.30.0.0/16' } }, async (scene) => {
      const pod = await scene.cluster.startPod();
      await scene.untilReadiness(pod, false, reason);
      expect(scene.owned()).toEqual(['192.168.1.0/24']);
      expect((await scene.status(pod)).counts).toEqual({ effective: 1, refused: 1 });
    }),
  );

  it('a connected subnet that appears under a route of ours takes it back', () =>
    Scene.play({}, async (scene) => {
      const pod = await scene.startReady();
      scene.ip('addr add 192.168.0.99/24 dev pub');
      await scene.untilReadiness(pod, false, /192\.168\.0\.0\/24 refused: .*connected to this node's pub/);
      await scene.untilOwned(['192.168.1.0/24']);
      scene.ip('addr del 192.168.0.99/24 dev pub');
      await scene.untilReadiness(pod, true, /2 effective/);
    }));

  it('a route that covers a connected subnet is harmless and installed', () =>
    Scene.play({ list: ['10.184.0.0/16', '192.168.0.0/16'] }, async (scene) => {
      await scene.startReady();
      expect(scene.owned()).toEqual(['10.184.0.0/16', '192.168.0.0/16']);
      expect(await scene.picture.answered()).toBe(true);
    }));

  it('the default route needs an opt-in, and even then must not take the way to the API server', () =>
    Scene.play({ list: ['0.0.0.0/0'], env: { ALLOW_DEFAULT_ROUTE: 'true' } }, async (scene) => {
      const pod = await scene.cluster.startPod();
      await scene.untilReadiness(pod, false, /conflicting|would take the way to the API server/);
      expect(scene.owned()).toEqual([]);
    }));
});
