import { find } from '../dist';
import { describeLab } from '../requirements';
import { Testbed, withEnvironment } from '../testbed';

jest.setTimeout(60_000);

const SUBNETS = ['192.168.0.0/24', '192.168.1.0/24'];

describeLab('nothing else removes a route', () => {
  const ends: [string, (testbed: Testbed) => void][] = [
    ['a restart, a rollout or a drain', () => undefined],
    [
      'lost rights',
      (testbed) => {
        testbed.cluster.api.grants = [];
        testbed.cluster.api.dropConnections();
      },
    ],
    [
      'a rejected token, as after a force-delete',
      (testbed) => {
        testbed.cluster.api.tokens.clear();
        testbed.cluster.api.dropConnections();
      },
    ],
    ['an API server that is down', (testbed) => testbed.cluster.api.outage('down')],
    ['an API server that does not answer', (testbed) => testbed.cluster.api.outage('no answer')],
    ['a deletion of only the DaemonSet', (testbed) => testbed.cluster.api.owners.delete(testbed.own('DaemonSet'))],
    [
      'a replacement of the DaemonSet, as by replace --force',
      (testbed) => {
        testbed.cluster.api.owners.delete(testbed.own('DaemonSet'));
        testbed.cluster.api.owners.put(testbed.own('DaemonSet'));
      },
    ],
    [
      'a deletion of another namespace',
      ({ cluster }) =>
        cluster.api.owners.terminate({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'other' } }),
    ],
    [
      'a ConfigMap that was deleted while no agent could watch it',
      (testbed) => {
        testbed.cluster.api.outage('down');
        testbed.deleteList();
      },
    ],
  ];

  it.each(ends)('SIGTERM after %s removes no routes', (_, happen) =>
    Testbed.run({}, async (testbed) => {
      const pod = await testbed.startReady();
      happen(testbed);
      expect(await pod.stop()).toEqual({ code: 0, signal: null });
      expect(testbed.owned()).toEqual(SUBNETS);
      expect(await testbed.topology.answered()).toBe(true);
    }),
  );

  it('SIGKILL removes no routes', () =>
    Testbed.run({}, async (testbed) => {
      const pod = await testbed.startReady();
      pod.signal('SIGKILL');
      await pod.exited;
      expect(testbed.owned()).toEqual(SUBNETS);
    }));

  it('a ConfigMap that is deleted and created again is not an uninstall', () =>
    Testbed.run({}, async (testbed) => {
      const pod = await testbed.startReady();
      testbed.deleteList();
      await testbed.untilReadiness(pod, false, /is gone/);
      testbed.putList(['192.168.1.0/24']);
      await testbed.untilReadiness(pod, true, /1 effective/);
      await pod.stop();
      expect(testbed.owned()).toEqual(['192.168.1.0/24']);
    }));

  it('a ConfigMap with another name is not an uninstall: the DaemonSet stays, and no packet is lost', () =>
    Testbed.run({}, async (testbed) => {
      const pod = await testbed.startReady();
      const { api, objects, workload } = testbed.cluster;
      const list = find(objects, 'ConfigMap', 'static-routes');
      const renamed = { ...list, metadata: { ...list.metadata, name: 'other-routes' } };
      api.put(renamed);
      testbed.deleteList();
      await testbed.untilReadiness(pod, false, /is gone/);
      await pod.stop();
      expect(testbed.owned()).toEqual(SUBNETS);
      expect(await testbed.topology.answered()).toBe(true);
      const names = ['other-routes'];
      api.grants = [{ resource: 'configmaps', namespace: 'onprem-link', names, verbs: ['get', 'list', 'watch'] }];
      const second = await testbed.cluster.startPod(
        undefined,
        withEnvironment(workload, { CONFIG_MAP: 'other-routes' }),
      );
      await second.waitReady(20_000);
      expect(testbed.owned()).toEqual(SUBNETS);
    }));

  it('a start without a ConfigMap keeps the routes that an earlier agent installed', () =>
    Testbed.run({}, async (testbed) => {
      const first = await testbed.startReady();
      first.signal('SIGKILL');
      await first.exited;
      testbed.deleteList();
      const second = await testbed.cluster.startPod();
      await testbed.untilReadiness(second, false, /is gone/);
      expect(testbed.owned()).toEqual(SUBNETS);
    }));
});
