import { describeLab } from '../requirements';
import { Scene } from '../scene';

jest.setTimeout(90_000);

const SUBNETS = ['192.168.0.0/24', '192.168.1.0/24'];
const ADDED = [...SUBNETS, '192.168.5.0/24'];
/** A back-off may have grown meanwhile. */
const RECOVERY = 35_000;

describeLab('an API server that falls silent changes no route, and nothing is lost', () => {
  it("silence on an open connection, as behind a dead load balancer: noticed by the kernel's probes", () =>
    Scene.play({}, async (scene) => {
      const pod = await scene.startReady();
      const gateway = scene.picture.internet.netns;
      gateway.ip('link', 'set', 'pub', 'down');
      scene.putList(ADDED);
      await scene.untilReadiness(pod, false, /the API server/, 60_000);
      gateway.ip('link', 'set', 'pub', 'up');
      await scene.untilOwned(ADDED, RECOVERY + 10_000);
    }));

  it('an API server that takes connections and says nothing', () =>
    Scene.play({}, async (scene) => {
      const pod = await scene.startReady();
      scene.cluster.api.outage('no answer');
      scene.cluster.api.dropConnections();
      await scene.untilReadiness(pod, false, /nothing heard for/, 30_000);
      scene.putList(ADDED);
      scene.cluster.api.outage(undefined);
      scene.cluster.api.dropConnections();
      await scene.untilOwned(ADDED, RECOVERY);
    }));
});
