import type { Pod } from '../kubelet/pod';
import { describeLab } from '../requirements';
import { Testbed } from '../testbed';
import { DUAL_STACK } from '../topology/topology';
import { waitFor } from '../wait';

jest.setTimeout(60_000);

/** Less than the interval between two full reads, so only an event can have triggered the update. */
const AT_ONCE = 5000;

const DUAL = {
  topology: DUAL_STACK,
  env: { PRIVATE_NETWORKS: '10.0.0.0/8,fd00::/8' },
  list: ['192.168.0.0/24', '2001:db8:a::/64'],
};

/** Waits until the route is effective with this reason. undefined: without a reason */
async function untilReason(testbed: Testbed, pod: Pod, subnet: string, reason: string | undefined): Promise<void> {
  let seen = '';
  await waitFor(`${subnet} to be effective: ${reason}`, AT_ONCE, async () => {
    const route = (await testbed.status(pod)).routes.find((each) => each.subnet === subnet);
    seen = JSON.stringify(route);
    return route?.state === 'effective' && route.reason === reason;
  }).catch((error: Error) => {
    throw new Error(`${error.message}; last: ${seen}`);
  });
}

const partlyTaken = async (testbed: Testbed) =>
  /^onprem_link_routes_partly_taken (\d+)$/m.exec((await testbed.get('/metrics')).stdout)?.[1];

describeLab(
  'a route that takes a part of a listed subnet is reported at once, and the listed route stays effective',
  () => {
    it('a container bridge', () =>
      Testbed.run({ list: ['172.16.0.0/12'], env: { PROTECTED_SUBNETS: '' } }, async (testbed) => {
        const pod = await testbed.startReady();
        expect(await partlyTaken(testbed)).toBe('0');
        testbed.node.netns.batch([
          'link add docker0 type bridge',
          'addr add 172.17.0.1/16 dev docker0',
          'link set docker0 up',
        ]);
        await untilReason(testbed, pod, '172.16.0.0/12', '172.17.0.0/16 dev docker0 takes a part');
        await testbed.untilReadiness(pod, true, /1 effective; 1 partly taken/);
        await waitFor('the metric to change', AT_ONCE, async () => (await partlyTaken(testbed)) === '1'); // pages are cached for a moment
        await pod.waitForLog(({ json }) => /172\.17\.0\.0\/16 dev docker0 takes a part/.test(`${json?.message}`), 1000);
        testbed.ip('link del docker0');
        await untilReason(testbed, pod, '172.16.0.0/12', undefined);
      }));

    it.each([
      ['192.168.0.100/32 via 198.51.100.1 proto dhcp', '192.168.0.100/32 via 198.51.100.1 dev pub takes a part'],
      ['blackhole 192.168.0.64/26', 'blackhole 192.168.0.64/26 takes a part'],
      ['prohibit 192.168.0.64/26', 'prohibit 192.168.0.64/26 takes a part'],
      ['unreachable 192.168.0.64/26', 'unreachable 192.168.0.64/26 takes a part'],
      ['throw 192.168.0.64/26', 'throw 192.168.0.64/26 takes a part'],
      ['local 192.168.0.77 dev lo table local', 'local 192.168.0.77/32 takes a part'],
      ['blackhole 2001:db8:a:0:1::/80', 'blackhole 2001:db8:a:0:1::/80 takes a part'],
      ['local 2001:db8:a::77 dev lo table local', 'local 2001:db8:a::77/128 takes a part'],
      ['2001:db8:a:0:1::/80 via 2001:db8:51::1', '2001:db8:a:0:1::/80 via 2001:db8:51::1 dev pub takes a part'],
    ])('%s', (route, reason) =>
      Testbed.run(DUAL, async (testbed) => {
        const subnet = route.includes('2001') ? '2001:db8:a::/64' : '192.168.0.0/24';
        const pod = await testbed.startReady();
        testbed.ip(`route add ${route}`);
        await untilReason(testbed, pod, subnet, reason);
        testbed.ip(`route del ${route}`);
        await untilReason(testbed, pod, subnet, undefined);
      }),
    );

    it('a table behind a rule, filled after the rule was added', () =>
      Testbed.run(DUAL, async (testbed) => {
        const pod = await testbed.startReady();
        testbed.ip('rule add to 192.168.0.0/24 lookup 77 pref 100');
        testbed.ip('-6 rule add lookup 77 pref 100');
        testbed.ip('route add 192.168.0.128/25 via 198.51.100.1 table 77');
        await untilReason(
          testbed,
          pod,
          '192.168.0.0/24',
          '192.168.0.128/25 via 198.51.100.1 dev pub in table 77 takes a part',
        );
        testbed.ip('route add blackhole 2001:db8:a::b/128 table 77');
        await untilReason(testbed, pod, '2001:db8:a::/64', 'blackhole 2001:db8:a::b/128 in table 77 takes a part');
        testbed.ip('route add default via 198.51.100.1 table 77');
        await testbed.untilReadiness(
          pod,
          false,
          /192\.168\.0\.0\/24 shadowed: a lookup finds 0\.0\.0\.0\/0 via .*, table 77/,
        );
        testbed.ip('rule del pref 100');
        testbed.ip('-6 rule del pref 100');
        await untilReason(testbed, pod, '192.168.0.0/24', undefined);
        await untilReason(testbed, pod, '2001:db8:a::/64', undefined);
      }));
  },
);

describeLab('a route is not effective', () => {
  it('if a server of the site is in that part, until it moves, without an agent restart or a change to the entry', () =>
    Testbed.run(DUAL, async (testbed) => {
      testbed.putServers(['192.168.0.10', '2001:db8:a::10']);
      const pod = await testbed.startReady();
      testbed.ip('route add 192.168.0.100/32 via 198.51.100.1 proto dhcp');
      testbed.ip('route add blackhole 2001:db8:a::100/128');
      await untilReason(testbed, pod, '192.168.0.0/24', '192.168.0.100/32 via 198.51.100.1 dev pub takes a part');
      testbed.putServers(['192.168.0.10', '192.168.0.100', '2001:db8:a::100']);
      await testbed.untilReadiness(
        pod,
        false,
        /192\.168\.0\.0\/24 shadowed: a lookup of 192\.168\.0\.100, a server of this site, finds 192\.168\.0\.100\/32 via 198\.51\.100\.1 dev pub; 2001:db8:a::\/64 shadowed: a lookup of 2001:db8:a::100, a server of this site, finds blackhole/,
      );
      expect(testbed.ip('route show proto dhcp')).toContain('192.168.0.100');
      expect(testbed.owned()).toEqual(['192.168.0.0/24']);
      testbed.putServers(['192.168.0.10']);
      await testbed.untilReadiness(pod, true, /2 effective/);
    }));

  it('if a target of confirm is in that part', () =>
    Testbed.run({ ...DUAL, env: { ...DUAL.env, CONFIRM: '192.168.0.100:443' } }, async (testbed) => {
      testbed.ip('route add 192.168.0.100/32 via 198.51.100.1 proto dhcp');
      const pod = await testbed.cluster.startPod();
      await testbed.untilReadiness(
        pod,
        false,
        /a lookup of 192\.168\.0\.100, a target of confirm, finds 192\.168\.0\.100\/32/,
      );
    }));

  it('if no rule leads to main', () =>
    Testbed.run(DUAL, async (testbed) => {
      const pod = await testbed.startReady();
      testbed.ip('rule del pref 32766');
      testbed.ip('rule del pref 32767');
      // The kernel ignores IPv6 rules until the first one is added (fib6_rule_lookup in net/ipv6/fib6_rules.c).
      testbed.ip('-6 rule add from 2001:db8:ffff::/48 lookup 77 pref 100');
      testbed.ip('-6 rule del pref 32766');
      await testbed.untilReadiness(
        pod,
        false,
        /192\.168\.0\.0\/24 shadowed: no rule leads to main; 2001:db8:a::\/64 shadowed: no rule leads to main/,
      );
    }));

  it('if a rule rejects it, and the rule is named', () =>
    Testbed.run(DUAL, async (testbed) => {
      const pod = await testbed.startReady();
      testbed.ip('rule add to 192.168.0.0/16 blackhole pref 100');
      await testbed.untilReadiness(pod, false, /a lookup finds the rule 100: from all to 192\.168\.0\.0\/16 blackhole/);
    }));
});

describeLab('invalid servers', () => {
  it('are rejected together with the list, each with its position, and the routes stay', () =>
    Testbed.run(DUAL, async (testbed) => {
      const pod = await testbed.startReady();
      testbed.putServers(['192.168.0.10', '192.168.0.0/24']);
      await testbed.untilReadiness(pod, false, /servers\[1\]: "192\.168\.0\.0\/24"/);
      expect(testbed.owned()).toEqual(['192.168.0.0/24']);
    }));
});
