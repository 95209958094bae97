import { startFlood } from '../flood';
import type { Pod } from '../kubelet/pod';
import { describeLab } from '../requirements';
import { Testbed } from '../testbed';

jest.setTimeout(120_000);

/** Connections of each kind to each of the two addresses: 500 in all. */
const EACH = 250;
const PROBES = ['startup', 'liveness', 'readiness'] as const;

describeLab('the HTTP server is not exposed', () => {
  it('outside the node, only metrics are served, and they name nothing on premise', () =>
    Testbed.run({ list: [{ subnet: '192.168.77.0/24', comment: 'the vault' }] }, async (testbed) => {
      await testbed.startReady();
      const outside = `http://${testbed.node.addresses[0]}:9142`;
      const fetch = (path: string) => testbed.node.client.fetch(`${outside}${path}`);
      for (const path of ['status', 'diff', 'livez', 'readyz'])
        expect((await fetch(`/${path}/node-routes`)).status).toBe(404);
      const { status, body } = await fetch('/metrics');
      expect(status).toBe(200);
      expect(body).toContain('onprem_link_ready 1\n');
      expect(body).not.toMatch(/192\.168\.|vault/);
      expect((await testbed.get('/status/node-routes')).status).toBe(200);
    }));

  it('500 connections of each kind and a storm on /diff neither restart the agent nor stop repairs', () =>
    Testbed.run({}, async (testbed) => {
      const pod = await testbed.startReady();
      const [outside] = testbed.node.addresses;
      const flood = await startFlood(testbed, EACH);
      for (let round = 0; round < 10; round++) {
        testbed.ip('route del 192.168.0.0/24');
        await testbed.untilOwned(['192.168.0.0/24', '192.168.1.0/24']);
        await probesAnswer(pod);
      }
      expect((await testbed.node.client.fetch(`http://${outside}:9142/metrics`, { timeoutMs: 3000 })).status).toBe(200);
      flood.kill();
      expect(pod.logs.lines.filter(({ json }) => json?.level === 'error')).toEqual([]);
    }));
});

/** After this many failed probes a kubelet would restart the agent. `npm run bench flood` measures that every probe is answered in time. */
async function probesAnswer(pod: Pod): Promise<void> {
  for (const kind of PROBES) {
    const result = await pod.probeToThreshold(kind);
    expect({ kind, ...result }).toEqual({ kind, ok: true, status: 200, body: expect.any(String) });
  }
}
