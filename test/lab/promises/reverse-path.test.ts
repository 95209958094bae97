import { describeLab } from '../requirements';
import { Testbed } from '../testbed';
import { SEEDS } from '../topology/topology';
import { waitFor } from '../wait';

jest.setTimeout(60_000);

describeLab('packets of a listed subnet that arrive on another interface', () => {
  it('are dropped by the strict filter; the report names the rule that answers would follow', () =>
    Testbed.run({ topology: { ...SEEDS, rpFilter: 0 } }, async (testbed) => {
      testbed.node.netns.sysctl({ 'ipv4/conf/priv/rp_filter': 2, 'ipv4/conf/pub/rp_filter': 1 });
      const pod = await testbed.startReady();
      const filterOf = async (name: string) =>
        (await testbed.status(pod)).reversePathFilters.find((each) => each.interface === name);
      expect(await filterOf('pub')).toBeUndefined();
      testbed.ip('rule add from 198.51.100.2 lookup main pref 100');
      const before = await testbed.topology.rpFilterDrops();
      // A packet from an on-premise address arrives on the public side, as if a router had another route to the node.
      const { netns, client } = testbed.topology.internet;
      netns.ip('addr', 'add', '192.168.0.10/32', 'dev', 'lo');
      await waitFor('a packet to be dropped', 5000, async () => {
        await client.connect({ address: '198.51.100.2', port: 9, source: '192.168.0.10', timeoutMs: 100 });
        return (await testbed.topology.rpFilterDrops()) > before;
      });
      const warning = await waitFor(
        'a warning about the strict link',
        5000,
        async () => (await filterOf('pub'))?.warning,
      );
      expect(warning).toMatch(
        /^strict rp_filter, .* arrive here are dropped; an answer to 192\.168\.\d\.\d+ leaves by 192\.168\.\d\.0\/24 via 10\.184\.0\.1 dev priv by rule 100: from 198\.51\.100\.2\/32 lookup 254$/,
      );
      expect((await filterOf('priv'))?.warning).toBeUndefined();
    }));
});
