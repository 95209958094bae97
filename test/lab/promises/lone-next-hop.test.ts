import { describeLab } from '../requirements';
import { Scene } from '../scene';

jest.setTimeout(90_000);

describeLab('a next hop that does not answer', () => {
  it('and has none beside it is told, and its routes stay', () =>
    Scene.play({}, async (scene) => {
      const pod = await scene.startReady();
      scene.picture.routers[0]?.netns.ip('link', 'set', 'priv', 'down');
      await pod.waitForLog(({ json }) => json?.event === 'nexthop.down', 60_000);
      expect(scene.owned()).toEqual(['192.168.0.0/24', '192.168.1.0/24']);
      await scene.untilReadiness(pod, true, /next hop 10\.184\.0\.1 dev priv does not answer/);
    }));
});
