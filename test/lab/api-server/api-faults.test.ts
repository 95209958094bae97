import { describeLab } from '../requirements';
import { Scene } from '../scene';

jest.setTimeout(90_000);

const SUBNETS = ['192.168.0.0/24', '192.168.1.0/24'];
const ADDED = [...SUBNETS, '192.168.5.0/24'];
/** A back-off may have grown meanwhile. */
const RECOVERY = 35_000;

describeLab('faults of the API server change no route, and what they hid is caught up with', () => {
  const faults: [string, (scene: Scene) => void, (scene: Scene) => void][] = [
    ['down', ({ cluster }) => cluster.api.outage('down'), ({ cluster }) => cluster.api.outage(undefined)],
    [
      'answering 500',
      ({ cluster }) => {
        cluster.api.fail(500);
        cluster.api.dropConnections();
      },
      ({ cluster }) => cluster.api.recover(),
    ],
    [
      'answering 503',
      ({ cluster }) => {
        cluster.api.fail(503);
        cluster.api.dropConnections();
      },
      ({ cluster }) => cluster.api.recover(),
    ],
    [
      'asking for patience (429 with Retry-After)',
      ({ cluster }) => {
        cluster.api.fail(429, { retryAfter: 2 });
        cluster.api.dropConnections();
      },
      ({ cluster }) => cluster.api.recover(),
    ],
    [
      'taking away the rights (403)',
      ({ cluster }) => {
        cluster.api.grants = [];
        cluster.api.dropConnections();
      },
      (scene) => {
        scene.restoreGrants();
      },
    ],
  ];

  it.each(faults)('%s', (_, begin, end) =>
    Scene.play({}, async (scene) => {
      const pod = await scene.startReady();
      begin(scene);
      await scene.untilReadiness(pod, false, /the API server: .*; the routes stay/);
      scene.putList(ADDED);
      scene.ip('route del 192.168.0.0/24');
      await scene.untilOwned(SUBNETS);
      end(scene);
      await scene.untilOwned(ADDED, RECOVERY);
      await scene.untilReadiness(pod, true, /3 effective/, RECOVERY);
    }),
  );

  it.each(['other authority', 'other name', 'expired'] as const)('a wrong certificate (%s)', (kind) =>
    Scene.play({}, async (scene) => {
      const pod = await scene.startReady();
      await scene.cluster.api.useCertificate(kind);
      await scene.untilReadiness(pod, false, /the API server: no answer/);
      expect(scene.owned()).toEqual(SUBNETS);
      await scene.cluster.api.useCertificate('right');
      await scene.untilReadiness(pod, true, /2 effective/, RECOVERY);
    }),
  );

  it('a token that rotates: the new one is used, the old one is never held against the list', () =>
    Scene.play({}, async (scene) => {
      const pod = await scene.startReady();
      const { api } = scene.cluster;
      api.tokens.clear();
      api.dropConnections();
      await scene.untilReadiness(pod, false, /HTTP 401/);
      api.tokens.add('rotated');
      pod.rotateToken('rotated');
      scene.putList(ADDED);
      await scene.untilOwned(ADDED, RECOVERY);
    }));
});
