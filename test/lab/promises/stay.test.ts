import { find } from '../dist';
import { describeLab } from '../requirements';
import { Scene, withEnvironment } from '../scene';

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
    ['the DaemonSet was deleted, and nothing else', (scene) => scene.cluster.api.owners.delete(scene.own('DaemonSet'))],
    [
      'the DaemonSet was deleted and created again, as by replace --force',
      (scene) => {
        scene.cluster.api.owners.delete(scene.own('DaemonSet'));
        scene.cluster.api.owners.put(scene.own('DaemonSet'));
      },
    ],
    [
      'another namespace was deleted',
      ({ cluster }) =>
        cluster.api.owners.terminate({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'other' } }),
    ],
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

  it('a ConfigMap of another name is no uninstall: the DaemonSet stays, and no packet is lost', () =>
    Scene.play({}, async (scene) => {
      const pod = await scene.startReady();
      const { api, objects, workload } = scene.cluster;
      const list = find(objects, 'ConfigMap', 'static-routes');
      const renamed = { ...list, metadata: { ...list.metadata, name: 'other-routes' } };
      api.put(renamed);
      scene.deleteList();
      await scene.untilReadiness(pod, false, /is gone/);
      await pod.stop();
      expect(scene.owned()).toEqual(SUBNETS);
      expect(await scene.picture.answered()).toBe(true);
      const names = ['other-routes'];
      api.grants = [{ resource: 'configmaps', namespace: 'onprem-link', names, verbs: ['get', 'list', 'watch'] }];
      const second = await scene.cluster.startPod(undefined, withEnvironment(workload, { CONFIG_MAP: 'other-routes' }));
      await second.waitReady(20_000);
      expect(scene.owned()).toEqual(SUBNETS);
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
