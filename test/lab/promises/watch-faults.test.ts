import { describeLab } from '../requirements';
import { Scene } from '../scene';
import { waitFor } from '../wait';

jest.setTimeout(90_000);

const SUBNETS = ['192.168.0.0/24', '192.168.1.0/24'];
const ADDED = [...SUBNETS, '192.168.5.0/24'];
/** A back-off may have grown meanwhile. */
const RECOVERY = 35_000;

describeLab('a watch that misbehaves changes no route, and nothing is lost', () => {
  it.each(['list', 'event'] as const)('cut in the middle of a line (%s)', (what) =>
    Scene.play({}, async (scene) => {
      await scene.startReady();
      scene.cluster.api.cut(what);
      if (what === 'list') scene.cluster.api.compact(true);
      scene.putList(ADDED);
      await scene.untilOwned(ADDED, RECOVERY);
    }),
  );

  it('a restart with a shorter history (410 as an event, and as a status)', () =>
    Scene.play({}, async (scene) => {
      await scene.startReady();
      for (const [goneAs, subnets] of [
        ['event', ADDED],
        ['status', SUBNETS],
      ] as const) {
        scene.cluster.api.goneAs = goneAs;
        scene.cluster.api.outage('down');
        scene.putList(subnets);
        scene.cluster.api.compact();
        scene.cluster.api.outage(undefined);
        await scene.untilOwned(subnets, RECOVERY);
      }
    }));

  it('an etcd restored from a backup, which knows nothing of the versions seen since', () =>
    Scene.play({}, async (scene) => {
      await scene.startReady();
      const { api } = scene.cluster;
      const backup = api.store.backup();
      scene.putList(ADDED);
      await scene.untilOwned(ADDED);
      api.restore(backup);
      await scene.untilOwned(SUBNETS, RECOVERY);
      const [list, anew] = api
        .requested('list')
        .slice(-2)
        .map(({ query }) => query);
      expect(list).toMatchObject({ resourceVersion: expect.any(String), resourceVersionMatch: 'NotOlderThan' });
      expect(anew).not.toHaveProperty('resourceVersion');
    }));

  it('an etcd restored from a backup in which a version seen before is another list', () =>
    Scene.play({}, async (scene) => {
      await scene.startReady();
      const { api } = scene.cluster;
      const backup = api.store.backup();
      scene.putList(ADDED);
      await scene.untilOwned(ADDED);
      const { resourceVersion } = api.store;
      api.store.restore(backup);
      scene.putList(['192.168.7.0/24']);
      expect(api.store.resourceVersion).toBe(resourceVersion);
      api.dropConnections();
      await scene.untilOwned(['192.168.7.0/24'], RECOVERY);
    }));

  it('events out of order, without data, of unknown types, and bytes that are no JSON', () =>
    Scene.play({}, async (scene) => {
      const pod = await scene.startReady();
      const { api } = scene.cluster;
      const current = api.store.list('onprem-link', 'static-routes')[0];
      if (current === undefined) throw new Error('no list');
      scene.putList(ADDED);
      await scene.untilOwned(ADDED);
      api.send({ type: 'MODIFIED', object: { ...current, data: { routes: '[]' } } });
      const { data: _, ...empty } = current;
      api.put(empty);
      await scene.untilReadiness(pod, false, /rejected.*key routes/s);
      expect(scene.owned()).toEqual([...ADDED].sort());
      api.sendRaw('{"type":\n');
      await waitFor('another watch', RECOVERY, () => api.requested('watch').length >= 2);
      scene.putList(SUBNETS);
      await scene.untilOwned(SUBNETS, RECOVERY);
    }));

  it('a list of almost 1 MiB', () =>
    Scene.play({}, async (scene) => {
      const pod = await scene.startReady();
      const subnets = Array.from(
        { length: 40_000 },
        (_, i) => `172.${16 + (i >> 14)}.${(i >> 6) & 255}.${(i & 63) * 4}/30`,
      );
      scene.putList(subnets);
      await scene.untilReadiness(pod, true, /40000 effective/, 60_000);
      scene.putList(SUBNETS);
      await scene.untilOwned(SUBNETS, 30_000);
    }));

  it('and quiet times cost nothing: one list, one watch, kept by bookmarks', () =>
    Scene.play({}, async (scene) => {
      await scene.startReady();
      const { api } = scene.cluster;
      for (let i = 0; i < 3; i++) api.bookmark();
      scene.putList(ADDED);
      await scene.untilOwned(ADDED);
      // Beside these there are only the connections that prove a change.
      const verbs = api.requests.map(({ verb }) => verb);
      expect(verbs.filter((verb) => verb !== 'other')).toEqual(['list', 'watch']);
    }));
});
