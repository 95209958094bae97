import { describeLab } from '../requirements';
import { Testbed } from '../testbed';

jest.setTimeout(60_000);

const SUBNETS = ['192.168.0.0/24', '192.168.1.0/24'];

describeLab('uninstalling removes everything', () => {
  it('when the ConfigMap is deleted before the pod is stopped', () =>
    Testbed.run({}, async (testbed) => {
      const pod = await testbed.startReady();
      testbed.cluster.api.owners.delete(testbed.own('DaemonSet'));
      testbed.deleteList();
      await testbed.untilReadiness(pod, false, /is gone; its routes stay/);
      expect(testbed.owned()).toEqual(SUBNETS);
      expect(await pod.stop()).toEqual({ code: 0, signal: null });
      expect(testbed.owned()).toEqual([]);
      expect(testbed.topology.nexthops()).toEqual([]);
    }));

  it('when the ConfigMap is deleted while the pod stops without permissions, because the open watch reports it', () =>
    Testbed.run({}, async (testbed) => {
      const pod = await testbed.startReady();
      testbed.cluster.api.grants = [];
      pod.signal('SIGTERM');
      testbed.deleteList();
      expect(await pod.exited).toEqual({ code: 0, signal: null });
      expect(testbed.owned()).toEqual([]);
    }));

  it('when the DaemonSet remains, marked for deletion, until its pods are gone', () =>
    Testbed.run({}, async (testbed) => {
      const pod = await testbed.startReady();
      testbed.cluster.api.owners.terminate(testbed.own('DaemonSet'));
      testbed.deleteList();
      await testbed.untilReadiness(pod, false, /is gone/);
      await pod.stop();
      expect(testbed.owned()).toEqual([]);
    }));

  it('when the namespace is deleted and pods stop first, with ConfigMap and DaemonSet still present', () =>
    Testbed.run({}, async (testbed) => {
      const pod = await testbed.startReady();
      testbed.cluster.api.owners.terminate(testbed.own('Namespace'));
      expect(await pod.stop()).toEqual({ code: 0, signal: null });
      expect(testbed.owned()).toEqual([]);
      expect(testbed.topology.nexthops()).toEqual([]);
    }));

  it('when the namespace is deleted in another order: permissions, ConfigMap, pod', () =>
    Testbed.run({}, async (testbed) => {
      const pod = await testbed.startReady();
      testbed.cluster.api.owners.terminate(testbed.own('Namespace'));
      testbed.cluster.api.grants = [];
      testbed.deleteList();
      await testbed.untilReadiness(pod, false, /is gone/);
      await pod.stop();
      expect(testbed.owned()).toEqual([]);
    }));

  it('but not if the user wants to keep the routes', () =>
    Testbed.run({ env: { ON_UNINSTALL: 'keep' } }, async (testbed) => {
      const pod = await testbed.startReady();
      testbed.cluster.api.owners.terminate(testbed.own('Namespace'));
      testbed.deleteList();
      await testbed.untilReadiness(pod, false, /is gone/);
      await pod.stop();
      expect(testbed.owned()).toEqual(SUBNETS);
    }));
});
