import { describeLab } from '../requirements';
import { Scene } from '../scene';

jest.setTimeout(60_000);

const SUBNETS = ['192.168.0.0/24', '192.168.1.0/24'];

describeLab('uninstalling removes everything', () => {
  it('when the ConfigMap was deleted before the pod is told to stop', () =>
    Scene.play({}, async (scene) => {
      const pod = await scene.startReady();
      scene.cluster.api.owners.delete(scene.own('DaemonSet'));
      scene.deleteList();
      await scene.untilReadiness(pod, false, /is gone; its routes stay/);
      expect(scene.owned()).toEqual(SUBNETS);
      expect(await pod.stop()).toEqual({ code: 0, signal: null });
      expect(scene.owned()).toEqual([]);
      expect(scene.picture.nexthops()).toEqual([]);
    }));

  it('when it is deleted while the pod stops, its rights gone before, over the watch that was open', () =>
    Scene.play({}, async (scene) => {
      const pod = await scene.startReady();
      scene.cluster.api.grants = [];
      pod.signal('SIGTERM');
      scene.deleteList();
      expect(await pod.exited).toEqual({ code: 0, signal: null });
      expect(scene.owned()).toEqual([]);
    }));

  it('when the DaemonSet stays, marked as deleted, until its pods are gone', () =>
    Scene.play({}, async (scene) => {
      const pod = await scene.startReady();
      scene.cluster.api.owners.terminate(scene.own('DaemonSet'));
      scene.deleteList();
      await scene.untilReadiness(pod, false, /is gone/);
      await pod.stop();
      expect(scene.owned()).toEqual([]);
    }));

  it('when the namespace is deleted, of which pods hear first: ConfigMap and DaemonSet are still there', () =>
    Scene.play({}, async (scene) => {
      const pod = await scene.startReady();
      scene.cluster.api.owners.terminate(scene.own('Namespace'));
      expect(await pod.stop()).toEqual({ code: 0, signal: null });
      expect(scene.owned()).toEqual([]);
      expect(scene.picture.nexthops()).toEqual([]);
    }));

  it('when the namespace is deleted in another order: rights, ConfigMap, pod', () =>
    Scene.play({}, async (scene) => {
      const pod = await scene.startReady();
      scene.cluster.api.owners.terminate(scene.own('Namespace'));
      scene.cluster.api.grants = [];
      scene.deleteList();
      await scene.untilReadiness(pod, false, /is gone/);
      await pod.stop();
      expect(scene.owned()).toEqual([]);
    }));

  it('but not when the user wants to keep them', () =>
    Scene.play({ env: { ON_UNINSTALL: 'keep' } }, async (scene) => {
      const pod = await scene.startReady();
      scene.cluster.api.owners.terminate(scene.own('Namespace'));
      scene.deleteList();
      await scene.untilReadiness(pod, false, /is gone/);
      await pod.stop();
      expect(scene.owned()).toEqual(SUBNETS);
    }));
});
