import fc from 'fast-check';
import { DUAL_STACK, SEEDS, tunnels } from './fixtures';
import { nftablesConf } from './nftables';
import { routerFiles } from './render';
import { keyFile, swanctlConf } from './strongswan';
import { selectorsOf } from './tunnel';

// What the site of the documents comes to stands in routers/example.
describe('both families without a mapping, behind further routers', () => {
  test.each([...routerFiles(DUAL_STACK)])('%s', (_name, text) => expect(text).toMatchSnapshot());
});

test('only what the router runs is written', () => {
  const only = (products: typeof SEEDS.local.products) => [
    ...routerFiles({ ...SEEDS, local: { ...SEEDS.local, products } }).keys(),
  ];
  expect(only(['vyos'])).toEqual(['vyos.set']);
  expect(only(['fortigate', 'strongswan'])).toEqual([
    'fortigate.conf',
    'swanctl.conf',
    'nftables.conf',
    'routes.batch',
    'sysctl.conf',
    'onprem-link.service',
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

test('nftables translates between equal ranges, for the ranges of the other end only', () => {
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

test('no file holds a key: strongSwan includes it, the others say where to set it', () => {
  expect(swanctlConf(SEEDS)).toContain(`include ${keyFile(SEEDS)}`);
  for (const [name, text] of routerFiles(SEEDS)) {
    const lines = text.split('\n').filter((line) => /secret |psk(?:secret)? /.test(line));
    const setting = lines.filter((line) => !/^\s*#/.test(line) && !/ psk \S+ id /.test(line));
    expect([name, setting]).toEqual([name, []]);
  }
  expect(routerFiles(SEEDS).get('vyos.set')).toContain(
    "#   set vpn ipsec authentication psk example-datacentre secret '…'",
  );
  expect(routerFiles(SEEDS).get('fortigate.conf')).toContain('#   set psksecret <key>');
});

test('every file says of which site it is and that nobody edits it', () => {
  for (const text of routerFiles(SEEDS).values())
    expect(text).toMatch(
      /^(#!.*\n)?# VPN of site example to on-premise datacentre, .*\n# Written by npm run synth\. .*\n# Router 203\.0\.113\.1, state [0-9a-f]{10}\.\n# Requires /,
    );
});
