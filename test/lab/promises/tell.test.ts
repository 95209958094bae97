import { describeLab } from '../requirements';
import { Testbed } from '../testbed';
import { waitFor } from '../wait';

jest.setTimeout(60_000);

const AGENT = '/opt/onprem-link/agent.cjs';

describeLab('the agent reports', () => {
  it('wanted, effective, repaired and failed routes to Prometheus', () =>
    Testbed.run({ list: ['192.168.0.0/24', '192.168.1.0/24', '10.184.0.0/28'] }, async (testbed) => {
      testbed.ip('route add 192.168.1.0/24 via 198.51.100.1');
      const pod = await testbed.cluster.startPod();
      await testbed.untilReadiness(pod, false, /refused/);
      testbed.ip('route del 192.168.0.0/24');
      await waitFor(
        'the repair to be counted',
        5000,
        async () => (await metrics(testbed)).get('onprem_link_repairs_total') === 1,
      );
      testbed.putText('nonsense');
      await waitFor(
        'the rejection to be counted',
        5000,
        async () => (await metrics(testbed)).get('onprem_link_lists_total{result="rejected"}') === 1,
      );
      const seen = await metrics(testbed);
      expect(Object.fromEntries(seen)).toMatchObject({
        onprem_link_ready: 0,
        onprem_link_routes_desired: 3,
        'onprem_link_routes{state="effective"}': 1,
        'onprem_link_routes{state="conflicting"}': 1,
        'onprem_link_routes{state="refused"}': 1,
        'onprem_link_lists_total{result="accepted"}': 1,
        onprem_link_list_accepted: 0,
        onprem_link_watch_connected: 1,
        'onprem_link_rp_filter_mode{interface="priv"}': 1,
      });
      expect(seen.get('onprem_link_last_change_timestamp_seconds')).toBeGreaterThan(1.7e9);
    }));

  it('the kernel’s count of packets that the reverse path filter dropped', () =>
    Testbed.run({ list: [] }, async (testbed) => {
      await testbed.startReady();
      await testbed.topology.exchange(testbed.node, 200);
      const dropped = await testbed.topology.rpFilterDrops();
      expect(dropped).toBeGreaterThan(0);
      expect((await metrics(testbed)).get('onprem_link_rp_filter_dropped_packets_total')).toBe(dropped);
    }));

  it('a status table and a diff through kubectl exec, with exit codes and without changes', () =>
    Testbed.run({}, async (testbed) => {
      const pod = await testbed.startReady();
      const status = await pod.exec(['node', AGENT, 'status']);
      expect(status.stdout).toMatch(/^ready +yes: 2 routes: 2 effective$/m);
      expect(status.stdout).toMatch(/^192\.168\.0\.0\/24 +effective +via 10\.184\.0\.1 dev priv/m);
      expect(status.code).toBe(0);
      expect(status.stderr).toBe('');
      expect(await pod.exec(['node', AGENT, 'diff'])).toMatchObject({ code: 0, stdout: 'nothing would change\n' });
      testbed.putText('[');
      await testbed.untilReadiness(pod, false, /rejected/);
      const bad = await pod.exec(['node', AGENT, 'status']);
      expect(bad.stdout).toMatch(/^ready +NO: the route list was rejected/m);
      expect(bad.code).toBe(1);
      expect((await pod.exec(['node', AGENT, 'nonsense'])).code).toBe(2);
    }));

  it('an error instead of an empty diff while no list is known', () =>
    Testbed.run({}, async (testbed) => {
      testbed.cluster.api.fail(500);
      const pod = await testbed.cluster.startPod();
      await testbed.untilReadiness(pod, false, /HTTP 500/);
      const { code, stdout } = await pod.exec(['node', AGENT, 'diff']);
      expect(stdout).toMatch(/^the agent has no list yet, .*: the API server: HTTP 500/);
      expect(code).toBe(1);
    }));

  it("on loopback and the node's own address only, under its own name only", () =>
    Testbed.run({}, async (testbed) => {
      await testbed.startReady();
      expect((await testbed.node.client.connect({ address: '198.51.100.2', port: 9142 })).error).toBe('ECONNREFUSED');
      expect((await testbed.get('/readyz/another')).status).toBe(404);
      expect((await testbed.get('/')).status).toBe(404);
    }));

  it('one log line per change, and none in between', () =>
    Testbed.run({}, async (testbed) => {
      const pod = await testbed.startReady();
      expect(pod.logs.json.map(({ event }) => event).sort()).toEqual([
        'agent.started',
        'list.accepted',
        'routes.changed',
        'watch.connected',
      ]);
      const before = pod.logs.lines.length;
      testbed.ip('route add 203.0.113.128/25 via 198.51.100.1');
      testbed.ip('route del 203.0.113.128/25');
      testbed.putList(['192.168.0.0/24', '192.168.1.0/24', '192.168.5.0/24']);
      await testbed.untilOwned(['192.168.0.0/24', '192.168.1.0/24', '192.168.5.0/24']);
      await pod.waitForLog(({ json }) => json?.event === 'routes.changed', 5000, before);
      expect(pod.logs.lines.slice(before).map(({ json }) => json?.event)).toEqual(['list.accepted', 'routes.changed']);
    }));

  it('one log line for all routes with the same change, with the duration', () =>
    Testbed.run({ list: Array.from({ length: 31 }, (_, i) => `192.168.${i}.0/24`) }, async (testbed) => {
      const pod = await testbed.startReady();
      const before = pod.logs.lines.length;
      testbed.ip('link set priv down');
      await testbed.untilReadiness(pod, false, /waiting/);
      testbed.ip('link set priv up');
      testbed.ip('route replace 10.0.0.0/8 via 10.184.0.1');
      await pod.waitForLog(({ json }) => / effective again after /.test(`${json?.message}`), 10_000);
      const told = pod.logs.lines.slice(before).filter(({ json }) => json?.event === 'route.state');
      expect(told.map(({ json }) => `${json?.message}`)).toEqual([
        expect.stringMatching(/^31 routes waiting: /),
        expect.stringMatching(/^31 routes effective again after \d+ ms$/),
      ]);
    }));

  it('at most three log lines for each renewal of the private network, however many routes follow it', () =>
    Testbed.run({ list: Array.from({ length: 31 }, (_, i) => `192.168.${i}.0/24`) }, async (testbed) => {
      const pod = await testbed.startReady();
      const all = Array.from({ length: 31 }, (_, i) => `192.168.${i}.0/24`);
      const before = pod.logs.lines.length;
      for (let renewal = 0; renewal < 20; renewal++) {
        const from = pod.logs.lines.length;
        // As DHCP clients do that drop a lease before they request the next one.
        testbed.ip('address del 10.184.0.2/26 dev priv');
        await pod.waitForLog(({ json }) => /routes waiting/.test(`${json?.message}`), 10_000, from);
        testbed.ip('address add 10.184.0.2/26 dev priv');
        testbed.ip('route replace 10.0.0.0/8 via 10.184.0.1');
        await testbed.untilOwned(all);
        await pod.waitForLog(({ json }) => /effective again/.test(`${json?.message}`), 10_000, from);
      }
      expect(pod.logs.lines.length - before).toBeLessThanOrEqual(60);
    }));

  it('no secrets', () =>
    Testbed.run({}, async (testbed) => {
      const pod = await testbed.startReady();
      const all = [
        (await testbed.get('/status/node-routes')).stdout,
        (await testbed.get('/metrics')).stdout,
        `${pod.logs}`,
      ].join('\n');
      expect(all).not.toContain(testbed.cluster.token);
      expect(all).not.toMatch(/BEGIN CERTIFICATE|Bearer/);
    }));
});

async function metrics(testbed: Testbed): Promise<Map<string, number>> {
  const { stdout } = await testbed.get('/metrics');
  const samples = stdout.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    samples.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  );
}
