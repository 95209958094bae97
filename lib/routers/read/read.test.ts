import fc from 'fast-check';
import { DUAL_STACK, farEnd, SEEDS, tunnels } from '../../../test/fixtures/routers';
import { fortigateCli } from '../fortigate';
import type { Tunnel } from '../tunnel';
import { vyosCommands } from '../vyos';
import { factsOf, type RouterFacts } from './facts';
import { fortigateFacts } from './fortigate';
import { parseFortigate } from './fortigate-cli';
import { isObjectName, isOption } from './fortigate-options';
import { parseVyos, vyosFacts } from './vyos';
import { isDefined } from './vyos-definitions';

/** VyOS translates only IPv4, through rules; unmapped packets that enter need none. */
function inRulesOfVyos({ leaves, enters, ...facts }: RouterFacts): RouterFacts {
  return {
    ...facts,
    leaves: leaves.filter((text) => !text.includes(':')),
    enters: enters.filter((text) => !text.includes(':') && !/^(\S+) is \1 /.test(text)),
  };
}

/** FortiGate routes to the mapped subnets through the tunnel's interface; the reader checks these routes itself. */
function besidesTheTunnel(facts: RouterFacts, { remote }: Tunnel): RouterFacts {
  const through = new Set(remote.subnets.map(({ mapped }) => `${mapped}`));
  return { ...facts, routes: facts.routes.filter((route) => !through.has(route.split(' ')[0] as string)) };
}

test('the VyOS commands have the same facts as the model, at both ends of any tunnel', () => {
  fc.assert(
    fc.property(tunnels, (tunnel) => {
      for (const end of [tunnel, farEnd(tunnel)])
        expect(vyosFacts(vyosCommands(end))).toEqual(inRulesOfVyos(factsOf(end)));
    }),
  );
});

test('the FortiGate CLI has the same facts as the model, at both ends of any tunnel', () => {
  fc.assert(
    fc.property(tunnels, (tunnel) => {
      for (const end of [tunnel, farEnd(tunnel)])
        expect(fortigateFacts(fortigateCli(end))).toEqual(besidesTheTunnel(factsOf(end), end));
    }),
  );
});

test('every VyOS command is defined and has an allowed value', () => {
  fc.assert(
    fc.property(tunnels, (tunnel) => {
      const lines = vyosCommands(tunnel).split('\n');
      const paths = lines.filter((line) => line.startsWith('set ')).map((line) => line.split(' ').slice(1));
      expect(paths.filter((path) => !isDefined(path))).toEqual([]);
    }),
  );
  expect(isDefined('vpn ipsec ike-group x close-action restart'.split(' '))).toBe(false);
  expect(isDefined('vpn ipsec ike-group x lifetime 90000'.split(' '))).toBe(false);
  expect(isDefined('policy route6 x rule 1 set tcp-mss 480'.split(' '))).toBe(false);
});

test('every FortiGate option exists and has an allowed value, on an object with a short enough name', () => {
  fc.assert(
    fc.property(
      tunnels,
      fc.constantFrom('example', 'a-site-with-a-name-that-goes-on-and-on-for-sixty-three-letters-1'),
      (tunnel, site) => {
        const wrong = [...parseFortigate(fortigateCli({ ...tunnel, site }))].flatMap(([path, objects]) =>
          [...objects].flatMap(([name, settings]) => [
            ...(isObjectName(path, name) ? [] : [`${path} ${name}`]),
            ...[...settings].filter(([key, values]) => !isOption(path, key, values)).map(([key]) => `${path} ${key}`),
          ]),
        );
        expect(wrong).toEqual([]);
      },
    ),
  );
  expect(isOption('vpn ipsec phase1-interface', 'localid-type', ['ip'])).toBe(false);
  expect(isObjectName('vpn ipsec phase1-interface', 'example-datacentre')).toBe(false);
});

test('announces an identity with its kind, because the other end compares the kind as well', () => {
  const localId = (id: string) => {
    const [phase1] =
      parseFortigate(fortigateCli({ ...SEEDS, local: { ...SEEDS.local, id } }))
        .get('vpn ipsec phase1-interface')
        ?.values() ?? [];
    return phase1?.get('localid-type');
  };
  expect(['192.0.2.1', 'fd00::1', 'gateway.example.com', 'vpn@example.com'].map(localId)).toEqual([
    ['address'],
    ['address'],
    ['fqdn'],
    ['user-fqdn'],
  ]);
});

test("only the initiating end opens the tunnel, in each product's terms", () => {
  const waiting = farEnd(SEEDS);
  expect(vyosCommands(SEEDS)).toMatch(/close-action start\n[\s\S]*connection-type initiate\n/);
  expect(vyosCommands(waiting)).toMatch(/close-action none\n[\s\S]*connection-type respond\n/);
  expect(fortigateCli(SEEDS)).toMatch(/auto-negotiate enable\n +set passive-mode disable\n/);
  expect(fortigateCli(waiting)).toMatch(/auto-negotiate disable\n +set passive-mode enable\n/);
});

test("both routers of the documentation's site translate one to one", () => {
  expect(vyosFacts(vyosCommands(SEEDS))).toMatchObject({
    selectors: ['192.168.2.0/27 192.168.0.0/24', '192.168.2.0/27 192.168.1.0/24'],
    leaves: ['10.0.1.0/27 as 192.168.2.0/27 to 192.168.0.0/24', '10.0.1.0/27 as 192.168.2.0/27 to 192.168.1.0/24'],
    ike: 'aes256gcm sha384 20 28800',
  });
  expect(fortigateFacts(fortigateCli(farEnd(SEEDS)))).toMatchObject({
    selectors: ['192.168.0.0/24 192.168.2.0/27', '192.168.1.0/24 192.168.2.0/27'],
    enters: [
      '192.168.0.0/24 is 192.168.0.0/24 from 192.168.2.0/27',
      '192.168.1.0/24 is 10.0.1.0/24 from 192.168.2.0/27',
    ],
    segments: ['192.168.2.0/27 1350'],
  });
});

test('detects a missing, duplicate or wrong rule', () => {
  const vyos = vyosCommands(SEEDS);
  const expected = inRulesOfVyos(factsOf(SEEDS));
  for (const [from, to] of [
    ['tunnel 11 remote prefix 192.168.1.0/24', 'tunnel 11 remote prefix 10.0.1.0/24'],
    ['rule 10 translation address 10.0.1.0/27', 'rule 10 translation address 10.0.1.32/27'],
    ['dh-group 20', 'dh-group 2'],
  ] as const) {
    expect(vyos).toContain(from);
    expect(vyosFacts(vyos.replace(from, to))).not.toEqual(expected);
  }
  expect(() => vyosFacts(vyos.replace(/.*nat source rule 10 translation.*\n/, ''))).toThrow('no values');
  expect(() => parseVyos('delete nat')).toThrow('not a VyOS command');

  const fortigate = fortigateCli(DUAL_STACK);
  expect(() => parseFortigate(fortigate.replace('    next', ''))).toThrow('not a FortiOS command here');
  expect(() => fortigateFacts(fortigate.replace('set blackhole enable', 'set gateway 192.0.2.9'))).toThrow(
    'has no values',
  );
});
