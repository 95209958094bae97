import { describeLab } from '../requirements';
import { Testbed } from '../testbed';
import { waitFor } from '../wait';

jest.setTimeout(180_000);

const SUBNETS = ['192.168.0.0/24', '192.168.1.0/24'];
const ADDED = [...SUBNETS, '192.168.5.0/24'];
/** The agent's back-off may have grown meanwhile. */
const RECOVERY = 35_000;

describeLab('a faulty watch changes no route, and no update is lost', () => {
  it.each(['list', 'event'] as const)('a connection cut in the middle of a line (%s)', (what) =>
    Testbed.run({}, async (testbed) => {
      await testbed.startReady();
      testbed.cluster.api.cut(what);
      if (what === 'list') testbed.cluster.api.compact(true);
      testbed.putList(ADDED);
      await testbed.untilOwned(ADDED, RECOVERY);
    }),
  );

  it('a restart with a shorter history (410 as an event, and as a status)', () =>
    Testbed.run({}, async (testbed) => {
      await testbed.startReady();
      for (const [goneAs, subnets] of [
        ['event', ADDED],
        ['status', SUBNETS],
      ] as const) {
        testbed.cluster.api.goneAs = goneAs;
        testbed.cluster.api.outage('down');
        testbed.putList(subnets);
        testbed.cluster.api.compact();
        testbed.cluster.api.outage(undefined);
        await testbed.untilOwned(subnets, RECOVERY);
      }
    }));

  it('an etcd restored from a backup, without the versions seen since', () =>
    Testbed.run({}, async (testbed) => {
      await testbed.startReady();
      const { api } = testbed.cluster;
      const backup = api.store.backup();
      testbed.putList(ADDED);
      await testbed.untilOwned(ADDED);
      api.restore(backup);
      await testbed.untilOwned(SUBNETS, RECOVERY);
      const [list, anew] = api
        .requested('list')
        .slice(-2)
        .map(({ query }) => query);
      expect(list).toMatchObject({ resourceVersion: expect.any(String), resourceVersionMatch: 'NotOlderThan' });
      expect(anew).not.toHaveProperty('resourceVersion');
    }));

  it('an etcd restored from a backup, in which a known version has a different list', () =>
    Testbed.run({}, async (testbed) => {
      await testbed.startReady();
      const { api } = testbed.cluster;
      const backup = api.store.backup();
      testbed.putList(ADDED);
      await testbed.untilOwned(ADDED);
      const { resourceVersion } = api.store;
      api.store.restore(backup);
      testbed.putList(['192.168.7.0/24']);
      expect(api.store.resourceVersion).toBe(resourceVersion);
      api.dropConnections();
      await testbed.untilOwned(['192.168.7.0/24'], RECOVERY);
    }));

  it('events out of order, without data or of unknown types, and bytes that are not JSON', () =>
    Testbed.run({}, async (testbed) => {
      const pod = await testbed.startReady();
      const { api } = testbed.cluster;
      const current = api.store.list('onprem-link', 'static-routes')[0];
      if (current === undefined) throw new Error('no list');
      testbed.putList(ADDED);
      await testbed.untilOwned(ADDED);
      api.send({ type: 'MODIFIED', object: { ...current, data: { routes: '[]' } } });
      const { data: _, ...empty } = current;
      api.put(empty);
      await testbed.untilReadiness(pod, false, /rejected.*key routes/s);
      expect(testbed.owned()).toEqual([...ADDED].sort());
      api.sendRaw('{"type":\n');
      await waitFor('another watch', RECOVERY, () => api.requested('watch').length >= 2);
      testbed.putList(SUBNETS);
      await testbed.untilOwned(SUBNETS, RECOVERY);
    }));

  it('a list of almost 1 MiB', () =>
    Testbed.run({}, async (testbed) => {
      const pod = await testbed.startReady();
      const subnets = Array.from(
        { length: 40_000 },
        (_, i) => `172.${16 + (i >> 14)}.${(i >> 6) & 255}.${(i & 63) * 4}/30`,
      );
      testbed.putList(subnets);
      await testbed.untilReadiness(pod, true, /40000 effective/, 60_000);
      testbed.putList(SUBNETS);
      await testbed.untilOwned(SUBNETS, 120_000);
    }));

  it('an idle agent sends one list and one watch request, and bookmarks keep the watch current', () =>
    Testbed.run({}, async (testbed) => {
      await testbed.startReady();
      const { api } = testbed.cluster;
      for (let i = 0; i < 3; i++) api.bookmark();
      testbed.putList(ADDED);
      await testbed.untilOwned(ADDED);
      // All other connections are those that confirm a change.
      const verbs = api.requests.map(({ verb }) => verb);
      expect(verbs.filter((verb) => verb !== 'other')).toEqual(['list', 'watch']);
    }));
});
