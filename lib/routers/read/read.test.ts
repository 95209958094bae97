import fc from 'fast-check';
import { DUAL_STACK, farEnd, SEEDS, tunnels } from '../fixtures';
import { fortigateCli } from '../fortigate';
import type { Tunnel } from '../tunnel';
import { vyosCommands } from '../vyos';
import { factsOf, type RouterFacts } from './facts';
import { fortigateFacts } from './fortigate';
import { parseFortigate } from './fortigate-cli';
import { parseVyos, vyosFacts } from './vyos';

/** VyOS translates IPv4 only, by rules; it needs none for what enters unmapped. */
function inRulesOfVyos({ leaves, enters, ...facts }: RouterFacts): RouterFacts {
  return {
    ...facts,
    leaves: leaves.filter((text) => !text.includes(':')),
    enters: enters.filter((text) => !text.includes(':') && !/^(\S+) is \1 /.test(text)),
  };
}

/** FortiGate routes to the mapped subnets by the tunnel's interface, which the reader looks at by itself. */
function besidesTheTunnel(facts: RouterFacts, { remote }: Tunnel): RouterFacts {
  const through = new Set(remote.subnets.map(({ mapped }) => `${mapped}`));
  return { ...facts, routes: facts.routes.filter((route) => !through.has(route.split(' ')[0] as string)) };
}

test('the commands for VyOS say what the model says, at both ends of any tunnel', () => {
  fc.assert(
    fc.property(tunnels, (tunnel) => {
      for (const end of [tunnel, farEnd(tunnel)])
        expect(vyosFacts(vyosCommands(end))).toEqual(inRulesOfVyos(factsOf(end)));
    }),
  );
});

test('the CLI for FortiGate says what the model says, at both ends of any tunnel', () => {
  fc.assert(
    fc.property(tunnels, (tunnel) => {
      for (const end of [tunnel, farEnd(tunnel)])
        expect(fortigateFacts(fortigateCli(end))).toEqual(besidesTheTunnel(factsOf(end), end));
    }),
  );
});

test('of the site of the documents both routers are told to translate one to one', () => {
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

test('a rule that is missing, doubled or wrong is seen', () => {
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
  expect(() => parseVyos('delete nat')).toThrow('no command of VyOS');

  const fortigate = fortigateCli(DUAL_STACK);
  expect(() => parseFortigate(fortigate.replace('    next', ''))).toThrow('no command of FortiOS here');
  expect(() => fortigateFacts(fortigate.replace('set blackhole enable', 'set gateway 192.0.2.9'))).toThrow(
    'has no values',
  );
});
