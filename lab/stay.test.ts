import { describeLab } from './requirements';
import { Scene } from './scene';

jest.setTimeout(60_000);

const SUBNETS = ['192.168.0.0/24', '192.168.1.0/24'];

describeLab('nothing else removes a route', () => {
  const ends: [string, (scene: Scene) => void][] = [
    ['a restart, a rollout or a drain', () => undefined],
    [
      'lost rights',
      (scene) => {
        scene.cluster.api.grants = [];
        scene.cluster.api.dropConnections();
      },
    ],
    [
      'a token that is no longer accepted, as after a force-delete',
      (scene) => {
        scene.cluster.api.tokens.clear();
        scene.cluster.api.dropConnections();
      },
    ],
    ['an API server that is down', (scene) => scene.cluster.api.outage('down')],
    ['an API server that says nothing', (scene) => scene.cluster.api.outage('no answer')],
    [
      'a ConfigMap deleted while nobody could see it',
      (scene) => {
        scene.cluster.api.outage('down');
        scene.deleteList();
      },
    ],
  ];

  it.each(ends)('SIGTERM after %s leaves all', (_, happen) =>
    Scene.play({}, async (scene) => {
      const pod = await scene.startReady();
      happen(scene);
      expect(await pod.stop()).toEqual({ code: 0, signal: null });
      expect(scene.owned()).toEqual(SUBNETS);
      expect(await scene.picture.answered()).toBe(true);
    }),
  );

  it('SIGKILL leaves all', () =>
    Scene.play({}, async (scene) => {
      const pod = await scene.startReady();
      pod.signal('SIGKILL');
      await pod.exited;
      expect(scene.owned()).toEqual(SUBNETS);
    }));

  it('a ConfigMap that was deleted and written again is no uninstall', () =>
    Scene.play({}, async (scene) => {
      const pod = await scene.startReady();
      scene.deleteList();
      await scene.untilReadiness(pod, false, /is gone/);
      scene.putList(['192.168.1.0/24']);
      await scene.untilReadiness(pod, true, /1 effective/);
      await pod.stop();
      expect(scene.owned()).toEqual(['192.168.1.0/24']);
    }));

  it('a start without a ConfigMap leaves what an earlier agent installed', () =>
    Scene.play({}, async (scene) => {
      const first = await scene.startReady();
      first.signal('SIGKILL');
      await first.exited;
      scene.deleteList();
      const second = await scene.cluster.startPod();
      await scene.untilReadiness(second, false, /is gone/);
      expect(scene.owned()).toEqual(SUBNETS);
    }));
});
