import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPOSITORY } from '../../repository';
import { describeLab } from '../requirements';
import { Testbed } from '../testbed';
import { DUAL_STACK, type TopologyOptions } from '../topology/topology';
import { waitFor } from '../wait';

jest.setTimeout(90_000);

const TOPOLOGY: TopologyOptions = {
  ...DUAL_STACK,
  routers: [
    ['10.184.0.1/26', 'fd00:184::1/64'],
    ['10.184.0.3/26', 'fd00:184::3/64'],
  ],
};
const NETWORKS = [
  { family: 4, subnet: '192.168.0.0/24', target: '192.168.0.10:8080', nextHops: ['10.184.0.1', '10.184.0.3'] },
  { family: 6, subnet: '2001:db8:a::/64', target: '[2001:db8:a::10]:8080', nextHops: ['fd00:184::1', 'fd00:184::3'] },
] as const;
const ENV = {
  PRIVATE_NETWORKS: '10.0.0.0/8,fd00::/8',
  COPY_TO_TABLES: '2,7',
  ALLOWED_TABLES: '2,7,254',
  OTHERWISE: 'unreachable',
  PROBES: NETWORKS.map(({ family, subnet, target }) => `ipv${family} ${subnet} ${target}`).join(';'),
  PROBE_EVERY_MS: '1000',
};
const LIST = [
  ...NETWORKS.map(({ subnet, nextHops }) => ({ subnet, nextHops })),
  '192.168.1.0/24',
  { subnet: '2001:db8:b::/64', mtu: 1400 },
];
/** Objects of other programs in the same places: in the agent's tables, among its rules, and with nexthop objects. */
const FOREIGN = [
  'nexthop add id 5 via 198.51.100.1 dev pub proto 80',
  'nexthop add id 6 via 2001:db8:51::1 dev pub proto 80',
  'route add 172.16.0.0/16 nhid 5 proto 80',
  'route add 192.168.0.0/24 via 198.51.100.1 dev pub proto 80 metric 99 table 2',
  'route add unreachable 192.168.9.0/24 metric 4294967295 proto 80 table 7',
  '-6 route add 2001:db8:a::/64 nhid 6 metric 2048 proto 80 table 7',
  '-6 route add unreachable 2001:db8:9::/64 metric 4294967295 proto 80',
  'rule add pref 7 from 10.184.0.2 to 192.168.0.10 ipproto tcp dport 22 lookup 2 protocol 80',
  'rule add pref 8 from 172.30.5.9 lookup 2',
  '-6 rule add pref 7 from fd00:184::2 to 2001:db8:a::10 ipproto tcp dport 22 lookup 7 protocol 80',
];

/** The commands of the page, to run on a node. */
function printedCommands(): string[] {
  const page = readFileSync(join(REPOSITORY, 'docs', 'uninstall.md'), 'utf8');
  const [, text = ''] = /^```sh by test\/lab\/promises\/clean-up\.test\.ts\n([\s\S]*?)^```$/m.exec(page) ?? [];
  return text.trim().split('\n');
}

/** All routes, rules and nexthop objects of a node, as `ip` prints them. */
function objectsOf({ ip }: Pick<Testbed, 'ip'>): string[] {
  const objects = ['-4 route show table all', '-6 route show table all', '-4 rule', '-6 rule', 'nexthop'];
  return objects.flatMap((words) =>
    ip(words)
      .split('\n')
      .map((line) => `${words}: ${line.trim()}`)
      .sort(),
  );
}

describeLab('the commands for cleaning a node by hand', () => {
  it('remove everything that a killed agent leaves, in every table and both families, and nothing else', () =>
    Testbed.run({ topology: TOPOLOGY, env: ENV, list: LIST }, async (testbed) => {
      for (const line of FOREIGN) testbed.ip(line);
      const ip = (words: string) => testbed.ip(words);
      const before = objectsOf({ ip });
      const pod = await testbed.startReady();
      const ours = () => objectsOf({ ip }).filter((line) => /proto(?:col)? 142\b/.test(line));
      const countOf = (kind: RegExp) => ours().filter((line) => kind.test(line)).length;
      // For each family: two routes in three tables with their companions, and a rule and a table for each probed next hop.
      await waitFor('objects of all kinds', 20_000, () =>
        [4, 6].every(
          (family) =>
            countOf(new RegExp(`^-${family} route .*: unreachable`)) === 6 &&
            countOf(new RegExp(`^-${family} route .*: default .* table 18696`)) === 2 &&
            countOf(new RegExp(`^-${family} rule: 7:`)) === 2,
        ),
      );
      pod.signal('SIGKILL');
      await pod.exited;
      expect(ours().length).toBeGreaterThan(32);
      for (const command of printedCommands()) testbed.node.netns.run('sh', '-c', command);
      expect(objectsOf({ ip })).toEqual(before);
    }));
});
