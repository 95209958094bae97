import { startFlood } from '../flood';
import type { Pod } from '../kubelet/pod';
import { describeLab } from '../requirements';
import { Testbed } from '../testbed';

jest.setTimeout(240_000);

/** Connections of each of four kinds to each of the two addresses. */
const EACH = 250;
const PATIENCE_S = 30;
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

  it('500 connections of each kind and a storm on /diff cost no probe, and do not stop repairs', () =>
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

/**
 * One attempt of each kind: none may be refused, reset or dropped. How long an answer takes depends on the machine, and
 * `npm run bench flood` measures it.
 */
async function probesAnswer(pod: Pod): Promise<void> {
  for (const kind of PROBES) {
    const result = await pod.probe(kind, PATIENCE_S);
    expect({ kind, ...result }).toEqual({ kind, ok: true, status: 200, body: expect.any(String) });
  }
}
