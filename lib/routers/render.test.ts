import fc from 'fast-check';
import { DUAL_STACK, SEEDS, tunnels } from '../../test/fixtures/routers';
import { fortigateCli } from './fortigate';
import { nftablesConf } from './nftables';
import { routerFiles } from './render';
import { sheet } from './sheet';
import { keyFile, swanctlConf } from './strongswan';
import { localSubnets, routesOf, selectorsOf, type Tunnel } from './tunnel';

// routers/example shows the output for the documentation's site.
describe('both families without mappings, behind other routers', () => {
  test.each([...routerFiles(DUAL_STACK)])('%s', (_name, text) => expect(text).toMatchSnapshot());
});

test('writes only the files of the products that the router runs', () => {
  const only = (products: typeof SEEDS.local.products) => [
    ...routerFiles({ ...SEEDS, local: { ...SEEDS.local, products } }).keys(),
  ];
  expect(only(['vyos'])).toEqual(['README.md', 'vyos.set']);
  expect(only(['fortigate', 'strongswan'])).toEqual([
    'README.md',
    'fortigate.conf',
    'swanctl.conf',
    'nftables.conf',
    'routes.batch',
    'sysctl.conf',
    'rules.service',
    'routes.service',
  ]);
});

test('strongSwan gets one child per pair of subnets, with the mapped ranges as selectors', () => {
  fc.assert(
    fc.property(tunnels, (tunnel) => {
      const text = swanctlConf(tunnel);
      const found = [...text.matchAll(/local_ts = (\S+)\n +remote_ts = (\S+)/g)].map(([, local, remote]) => [
        local,
        remote,
      ]);
      expect(found).toEqual(selectorsOf(tunnel).map(({ local, remote }) => [`${local.mapped}`, `${remote.mapped}`]));
    }),
  );
});

test("nftables translates between ranges of equal size, and only for the other end's ranges", () => {
  fc.assert(
    fc.property(tunnels, (tunnel) => {
      const text = nftablesConf(tunnel);
      const real = selectorsOf(tunnel).map(({ local }) => local);
      for (const [direction, from, to] of [
        ['snat', 'real', 'mapped'],
        ['dnat', 'mapped', 'real'],
      ] as const) {
        const maps = [...text.matchAll(new RegExp(`${direction} ip6? prefix to ip6? .addr map \\{ (.*) \\}`, 'g'))];
        const pairs = maps.flatMap(([, map]) => (map as string).split(', '));
        const wanted = real.filter((one) => direction === 'snat' || one.isTranslated);
        expect(pairs.sort()).toEqual([...new Set(wanted.map((one) => `${one[from]} : ${one[to]}`))].sort());
      }
      for (const line of text.split('\n').filter((one) => /[sd]nat ip|drop$|maxseg/.test(one)))
        expect(line).toMatch(/ ip6? [sd]addr \{ /);
    }),
  );
});

/** The files that routers load: all but the sheet. */
const machineFiles = (tunnel: Tunnel) => [...routerFiles(tunnel)].filter(([name]) => name !== 'README.md');

test("the sheet of the documentation's site answers what a network team asks for", () => {
  const text = routerFiles(SEEDS).get('README.md');
  for (const line of [
    '| IKE identity | 203.0.113.1 | 192.0.2.1 |',
    '| encryption | aes256gcm | aes256gcm |',
    '| 192.168.2.0/27 | 192.168.1.0/24 |',
    '| subnet | 10.0.1.0/27 | 192.168.2.0/27 |',
    '| 192.0.2.1 | 203.0.113.1 | UDP 4500 (IKE and ESP through NAT) |',
    '10.0.1.0/27: connected by eth0.',
  ])
    expect(text).toContain(`${line}\n`);
});

test('the sheet names every pair of selectors, mapping, next hop and product of any tunnel, but no key', () => {
  fc.assert(
    fc.property(tunnels, (tunnel) => {
      const text = sheet(tunnel);
      for (const { local, remote } of selectorsOf(tunnel))
        expect(text).toContain(`| ${local.mapped} | ${remote.mapped} |`);
      for (const { real, mapped, isTranslated } of localSubnets(tunnel))
        expect(text.includes(`| subnet | ${real} | ${mapped} |`)).toBe(isTranslated);
      for (const { subnet, nextHop } of routesOf(tunnel)) expect(text).toContain(`| ${subnet} | ${nextHop} (`);
      expect(text).not.toMatch(/undefined|NaN|\[object/);
    }),
  );
});

test('the FortiGate block in which the key is entered contains no comment', () => {
  const [, block] = /config vpn ipsec phase1-interface\n([\s\S]*?)\nend\n/.exec(fortigateCli(SEEDS)) ?? [];
  expect(block).toContain('set peertype one');
  expect(block).not.toContain('#');
});

test('no file contains a key: strongSwan includes it, the others say where to set it', () => {
  expect(swanctlConf(SEEDS)).toContain(`include ${keyFile(SEEDS)}`);
  for (const [name, text] of machineFiles(SEEDS)) {
    const lines = text.split('\n').filter((line) => /secret |psk(?:secret)? /.test(line));
    const setting = lines.filter((line) => !/^\s*#/.test(line) && !/ psk \S+ id /.test(line));
    expect([name, setting]).toEqual([name, []]);
  }
  expect(routerFiles(SEEDS).get('vyos.set')).toContain(
    "#   set vpn ipsec authentication psk example-datacentre secret '…'",
  );
  expect(routerFiles(SEEDS).get('fortigate.conf')).toContain('#   set psksecret <key>');
});

test('every file names its site and says that it must not be edited', () => {
  for (const [, text] of machineFiles(SEEDS))
    expect(text).toMatch(
      /^(#!.*\n)?# VPN of site example to on-premise datacentre, .*\n# Written by npm run synth\. .*\n# Router 203\.0\.113\.1, state [0-9a-f]{10}\.\n# Requires /,
    );
});
