import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Pod } from '../kubelet/pod';
import { describeLab, missingRequirements } from '../requirements';
import { Lab } from '../topology/namespaces';
import { ipv6Site } from '../topology/overlap-ipv6';
import { OVERLAP } from '../topology/overlap-seeds';
import { OverlapTopology } from '../topology/overlap-topology';
import { missingForVpn } from '../topology/vpn-requirements';
import { waitFor } from '../wait';

jest.setTimeout(60_000);

const MISSING = [...missingRequirements(), ...missingForVpn()];

let lab: Lab;
let topology: OverlapTopology;
let agent: Pod;

/** The number of times that each answer came. */
function tally(answers: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const answer of answers) counts[answer] = (counts[answer] ?? 0) + 1;
  return counts;
}

/** Packets that a chain of the generated nftables.conf dropped. */
function dropped(router: 0 | 1, chain: 'from-outside' | 'to-outside', network = 'example-datacentre'): number {
  const rules = topology.routers[router].netns.run('nft', 'list', 'chain', 'inet', `onprem-link-${network}`, chain);
  return [...rules.matchAll(/packets (\d+)/g)].reduce((sum, [, packets]) => sum + Number(packets), 0);
}

describeLab(
  'overlapping networks behind routers that loaded routers/example',
  () => {
    beforeAll(async () => {
      lab = new Lab();
      topology = await OverlapTopology.build(lab, OVERLAP);
      agent = await topology.connect(2);
    });
    afterAll(() => lab?.close());

    it('the agent routes the mapped subnets, under a strict reverse path filter', async () => {
      expect((await agent.probe('readiness')).body).toBe('2 routes: 2 effective\n');
      expect(topology.topology.routes(4, 142).map(({ dst, gateway }) => [dst, gateway])).toEqual([
        ['192.168.0.0/24', '10.0.1.1'],
        ['192.168.1.0/24', '10.0.1.1'],
      ]);
      expect(await topology.node.client.read('/proc/sys/net/ipv4/conf/priv/rp_filter')).toBe('1\n');
    });

    it('from a pod, orders-service balances over servers whose real addresses are in the range of the nodes', async () => {
      const counts = tally(await topology.ask(topology.pod, OVERLAP.clusterIp, 200));
      expect(Object.keys(counts).sort()).toEqual(['orders-1', 'orders-2']);
      // Of 200 random choices, fewer than 60 for one server occur once in 50 million runs.
      expect(Math.min(...Object.values(counts))).toBeGreaterThanOrEqual(60);
    });

    it('on-premise servers reach the node by its mapped address', async () => {
      expect(await topology.ask(topology.server('orders-1'), '192.168.2.5')).toEqual(['worker-1']);
      expect(await topology.ask(topology.server('files'), '192.168.2.5')).toEqual(['worker-1']);
    });

    it('two hosts with the same real address talk to each other, in both directions', async () => {
      const payroll = topology.server('payroll');
      expect([payroll.addresses, topology.node.addresses]).toEqual([['10.0.1.5'], ['10.0.1.5']]);
      const there = await payroll.client.serve('10.0.1.5', 8081, 'payroll');
      const here = await topology.node.client.serve('10.0.1.5', 8082, 'node');
      expect(await topology.node.client.fetch('http://192.168.1.5:8081/')).toMatchObject({ body: 'payroll' });
      expect(await payroll.client.fetch('http://192.168.2.5:8082/')).toMatchObject({ body: 'node' });
      expect([await there.seen(), await here.seen()]).toEqual([['192.168.2.5'], ['192.168.1.5']]);
    });

    it('a subnet that is not mapped is reached as well, under its own addresses', async () => {
      const files = topology.server('files');
      const there = await files.client.serve('192.168.0.10', 8081, 'files');
      expect(await topology.pod.client.fetch('http://192.168.0.10:8081/')).toMatchObject({ body: 'files' });
      expect(await there.seen()).toEqual(['192.168.2.5']);
    });

    it('ESP carries the traffic: the counters of both routers grow, and agree', async () => {
      const before = topology.routers[0].childSas();
      await topology.ask(topology.pod, OVERLAP.clusterIp, 5);
      await topology.ask(topology.pod, '192.168.0.10', 5);
      const [near, far] = topology.routers.map((router) => router.childSas());
      near?.forEach((child, i) => {
        expect(child.bytesOut).toBeGreaterThan(before[i]?.bytesOut as number);
        expect(child.bytesIn).toBeGreaterThan(before[i]?.bytesIn as number);
      });
      expect(far?.map(({ bytesIn, bytesOut }) => [bytesOut, bytesIn])).toEqual(
        near?.map(({ bytesIn, bytesOut }) => [bytesIn, bytesOut]),
      );
      expect(near?.map(({ local, remote }) => [local, remote])).toEqual([
        ['192.168.2.0/27', '192.168.0.0/24'],
        ['192.168.2.0/27', '192.168.1.0/24'],
      ]);
    });

    it('large answers fit: segments are clamped to 1350 bytes', async () => {
      const server = topology.server('orders-1');
      const chain = 'type filter hook input priority 0; tcp flags syn / syn,rst tcp option maxseg size';
      server.netns.load(`table inet seen {\n chain input { ${chain} 1350 counter; }\n}`);
      const { url } = await server.client.serve('10.0.1.10', 8083, 'x'.repeat(1_000_000));
      const answer = await topology.pod.client.fetch(url.replace('10.0.1.10', '192.168.1.10'), { timeoutMs: 10_000 });
      expect(answer.body).toHaveLength(1_000_000);
      expect(server.netns.run('nft', 'list', 'table', 'inet', 'seen')).toMatch(/counter packets 1 /);
    });

    it("no real remote address appears on the node's wire, neither in packets nor in ARP", () => {
      const remotes = ['192.168.0.10', '192.168.1.10', '192.168.1.11', '192.168.1.5'];
      expect(topology.wire.seen('ipv4')).toEqual(
        remotes.flatMap((remote) => [`10.0.1.5 > ${remote}`, `${remote} > 10.0.1.5`]).sort(),
      );
      expect(topology.wire.seen('arp')).toEqual(['10.0.1.1 > 10.0.1.5', '10.0.1.5 > 10.0.1.1']);
    });

    it('only traffic between the two routers crosses the Internet', () => {
      const ofRouters = new Set(['203.0.113.1', '192.0.2.1', '203.0.113.2', '192.0.2.2']); // and their providers' ICMP
      const addresses = topology.internetWire.seen('ipv4').flatMap((pair) => pair.split(' > '));
      expect(addresses.filter((address) => !ofRouters.has(address))).toEqual([]);
      expect(dropped(0, 'to-outside') + dropped(1, 'to-outside')).toBe(0);
    });

    it('packets with on-premise sources that did not come through the tunnel are dropped', async () => {
      const { netns, client } = topology.topology.internet;
      netns.batch(['addr add 192.168.1.77/32 dev lo', 'route add 192.168.2.0/27 via 203.0.113.1']);
      const answer = await client.fetch('http://192.168.2.5:8080/', { source: '192.168.1.77', timeoutMs: 300 });
      expect(answer.error).toBe('TIMEOUT');
      expect(dropped(0, 'from-outside')).toBeGreaterThan(0);
      expect(topology.wire.seen('ipv4').join()).not.toContain('192.168.1.77');
    });

    it('while the tunnel is down, nothing leaves unencrypted, and afterwards everything works as before', async () => {
      const [near, far] = topology.routers;
      near.disconnect();
      await waitFor('the tunnel to go down', 5000, () => far.childSas().length === 0);
      expect(await topology.ask(topology.pod, '192.168.1.10', 1, 300)).toEqual(['TIMEOUT']);
      expect(dropped(0, 'to-outside')).toBeGreaterThan(0);
      expect(topology.internetWire.seen('ipv4').join()).not.toMatch(/192\.168\.1\.1[01]|10\.0\.1\./);
      near.initiate();
      await near.established(2);
      expect(await topology.ask(topology.pod, '192.168.1.10')).toEqual(['orders-1']);
    });

    it('the reverse path filter drops nothing', async () => {
      expect(await topology.topology.rpFilterDrops()).toBe(0);
    });
  },
  MISSING,
);

describeLab(
  'an IPv6 network, which is not mapped',
  () => {
    let folder: string;
    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'overlap-'));
      lab = new Lab();
      topology = await OverlapTopology.build(lab, ipv6Site(folder));
      agent = await topology.connect(1);
    });
    afterAll(async () => {
      await lab?.close();
      rmSync(folder, { recursive: true });
    });

    it('is reached in the same way, under its own addresses', async () => {
      const counts = tally(await topology.ask(topology.pod, 'fd00:21::20', 60));
      expect(Object.keys(counts).sort()).toEqual(['press-1', 'press-2']);
      expect(await topology.ask(topology.server('press-1'), 'fd00:184::5')).toEqual(['worker-1']);
      expect((await agent.probe('readiness')).body).toBe('1 routes: 1 effective\n');
      const [child] = topology.routers[0].childSas();
      expect(child).toMatchObject({ local: 'fd00:184::/64', remote: '2001:db8:a::/64' });
      expect(Math.min(child?.bytesIn ?? 0, child?.bytesOut ?? 0)).toBeGreaterThan(60 * 100);
    });

    it('is seen by the servers with its own address, despite a masquerade rule on the router', async () => {
      const there = await topology.server('press-2').client.serve('2001:db8:a::11', 8081, 'press');
      expect(await topology.node.client.fetch('http://[2001:db8:a::11]:8081/')).toMatchObject({ body: 'press' });
      expect(await there.seen()).toEqual(['fd00:184::5']);
      expect(topology.internetWire.seen('ipv6').filter((pair) => !/fe80|ff02/.test(pair))).toEqual([]);
    });
  },
  MISSING,
);

test('missing VPN requirements are named with their Debian package', () => {
  expect(missingForVpn('/nonexistent', '/nonexistent')).toEqual([
    'the IKE daemon /usr/lib/ipsec/charon not found (Debian package strongswan)',
    'AES-GCM and elliptic curves /usr/lib/ipsec/plugins/libstrongswan-openssl.so not found (Debian package libstrongswan-standard-plugins)',
    'user-space ESP /usr/lib/ipsec/plugins/libstrongswan-kernel-libipsec.so not found (Debian package libcharon-extra-plugins)',
    'swanctl not found (Debian package strongswan-swanctl)',
    'nft not found (Debian package nftables)',
    'sysctl not found (Debian package procps)',
    'no /dev/net/tun for user-space ESP',
  ]);
});
