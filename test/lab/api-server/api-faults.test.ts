import { describeLab } from '../requirements';
import { Testbed } from '../testbed';

jest.setTimeout(90_000);

const SUBNETS = ['192.168.0.0/24', '192.168.1.0/24'];
const ADDED = [...SUBNETS, '192.168.5.0/24'];
/** The agent's back-off may have grown during the fault. */
const RECOVERY = 35_000;

describeLab('faults of the API server change no routes, and the agent catches up afterwards', () => {
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
      'asking to retry later (429 with Retry-After)',
      ({ cluster }) => {
        cluster.api.fail(429, { retryAfter: 2 });
        cluster.api.dropConnections();
      },
      ({ cluster }) => cluster.api.recover(),
    ],
    [
      'revoking the permissions (403)',
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

  it.each(['other authority', 'other name', 'expired'] as const)('presenting an invalid certificate (%s)', (kind) =>
    Testbed.run({}, async (testbed) => {
      const pod = await testbed.startReady();
      await testbed.cluster.api.useCertificate(kind);
      await testbed.untilReadiness(pod, false, /the API server: no answer/);
      expect(testbed.owned()).toEqual(SUBNETS);
      await testbed.cluster.api.useCertificate('right');
      await testbed.untilReadiness(pod, true, /2 effective/, RECOVERY);
    }),
  );

  it('rotating the token: the agent uses the new one, and keeps the list while the old one is rejected', () =>
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
