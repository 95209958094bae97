import { describeLab } from '../requirements';
import { Testbed } from '../testbed';

jest.setTimeout(90_000);

const SUBNETS = ['192.168.0.0/24', '192.168.1.0/24'];
const ADDED = [...SUBNETS, '192.168.5.0/24'];
/** The agent's back-off may have grown meanwhile. */
const RECOVERY = 35_000;

describeLab('a silent API server changes no route, and no update is lost', () => {
  it('silence on an open connection, as behind a dead load balancer, is detected by TCP keepalive probes', () =>
    Testbed.run({}, async (testbed) => {
      const pod = await testbed.startReady();
      const gateway = testbed.topology.internet.netns;
      gateway.ip('link', 'set', 'pub', 'down');
      testbed.putList(ADDED);
      await testbed.untilReadiness(pod, false, /the API server/, 60_000);
      gateway.ip('link', 'set', 'pub', 'up');
      await testbed.untilOwned(ADDED, RECOVERY + 10_000);
    }));

  it('an API server that accepts connections but never answers', () =>
    Testbed.run({}, async (testbed) => {
      const pod = await testbed.startReady();
      testbed.cluster.api.outage('no answer');
      testbed.cluster.api.dropConnections();
      await testbed.untilReadiness(pod, false, /no data for/, 30_000);
      testbed.putList(ADDED);
      testbed.cluster.api.outage(undefined);
      testbed.cluster.api.dropConnections();
      await testbed.untilOwned(ADDED, RECOVERY);
    }));
});
