import { describeLab } from '../requirements';
import { Testbed } from '../testbed';

jest.setTimeout(90_000);

describeLab('a next hop that does not answer', () => {
  it('is reported if it is the only one, and its routes stay', () =>
    Testbed.run({}, async (testbed) => {
      const pod = await testbed.startReady();
      testbed.topology.routers[0]?.netns.ip('link', 'set', 'priv', 'down');
      await pod.waitForLog(({ json }) => json?.event === 'nexthop.down', 60_000);
      expect(testbed.owned()).toEqual(['192.168.0.0/24', '192.168.1.0/24']);
      await testbed.untilReadiness(pod, true, /next hop 10\.184\.0\.1 dev priv does not answer/);
    }));
});
