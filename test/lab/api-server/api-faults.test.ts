import { describeLab } from '../requirements';
import { Testbed } from '../testbed';

jest.setTimeout(90_000);

const SUBNETS = ['192.168.0.0/24', '192.168.1.0/24'];
const ADDED = [...SUBNETS, '192.168.5.0/24'];
/** A back-off may have grown meanwhile. */
const RECOVERY = 35_000;

describeLab('faults of the API server change no route, and what they hid is caught up with', () => {
  const faults: [string, (testbed: Testbed) => void, (testbed: Testbed) => void][] = [
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
      (testbed) => {
        testbed.restoreGrants();
      },
    ],
  ];

  it.each(faults)('%s', (_, begin, end) =>
    Testbed.run({}, async (testbed) => {
      const pod = await testbed.startReady();
      begin(testbed);
      await testbed.untilReadiness(pod, false, /the API server: .*; the routes stay/);
      testbed.putList(ADDED);
      testbed.ip('route del 192.168.0.0/24');
      await testbed.untilOwned(SUBNETS);
      end(testbed);
      await testbed.untilOwned(ADDED, RECOVERY);
      await testbed.untilReadiness(pod, true, /3 effective/, RECOVERY);
    }),
  );

  it.each(['other authority', 'other name', 'expired'] as const)('a wrong certificate (%s)', (kind) =>
    Testbed.run({}, async (testbed) => {
      const pod = await testbed.startReady();
      await testbed.cluster.api.useCertificate(kind);
      await testbed.untilReadiness(pod, false, /the API server: no answer/);
      expect(testbed.owned()).toEqual(SUBNETS);
      await testbed.cluster.api.useCertificate('right');
      await testbed.untilReadiness(pod, true, /2 effective/, RECOVERY);
    }),
  );

  it('a token that rotates: the new one is used, the old one is never held against the list', () =>
    Testbed.run({}, async (testbed) => {
      const pod = await testbed.startReady();
      const { api } = testbed.cluster;
      api.tokens.clear();
      api.dropConnections();
      await testbed.untilReadiness(pod, false, /HTTP 401/);
      api.tokens.add('rotated');
      pod.rotateToken('rotated');
      testbed.putList(ADDED);
      await testbed.untilOwned(ADDED, RECOVERY);
    }));
});
