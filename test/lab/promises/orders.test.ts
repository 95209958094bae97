import fc from 'fast-check';
import type { Pod } from '../kubelet/pod';
import { describeLab } from '../requirements';
import { Testbed } from '../testbed';
import { DUAL_STACK } from '../topology/topology';
import { waitFor } from '../wait';

jest.setTimeout(240_000);

/** Each with next hops on the private and the public link. */
const HOPS = {
  4: ['10.184.0.1', '198.51.100.1'],
  6: ['fd00:184::1', '2001:db8:51::1'],
} as const;
const SUBNETS = ['192.168.0.0/24', '192.168.1.0/24', '2001:db8:a::/64', '2001:db8:b::/64'];
const OURS = 50;
const METRICS = [20, OURS, 90] as const;
/** The same worlds in each run. */
const SEED = 20_260_101;
const WORLDS = 8;

interface Foreign {
  readonly subnet: string;
  readonly metric: number;
  readonly isPrivate: boolean;
}

const familyOf = (subnet: string) => (subnet.includes(':') ? 6 : 4);
const routeOf = ({ subnet, metric, isPrivate }: Foreign) =>
  `${subnet} via ${HOPS[familyOf(subnet)][isPrivate ? 0 : 1]} proto static metric ${metric}`;
const commandOf = (verb: 'append' | 'del', route: Foreign) =>
  `-${familyOf(route.subnet)} route ${verb} ${routeOf(route)}`;

/** Up to two foreign routes of each subnet, with other metrics, in any order. */
const WORLD: fc.Arbitrary<Foreign[]> = fc
  .tuple(
    ...SUBNETS.map((subnet) =>
      fc.uniqueArray(
        fc.record({ subnet: fc.constant(subnet), metric: fc.constantFrom(...METRICS), isPrivate: fc.boolean() }),
        { selector: ({ metric }) => metric, maxLength: 2 },
      ),
    ),
  )
  .chain((routes) => fc.shuffledSubarray(routes.flat(), { minLength: routes.flat().length }));

/** The expected result by the rule alone: the lowest metric wins, and foreign routes win ties. */
function outcomeOf(foreign: readonly Foreign[]): string[] {
  return SUBNETS.map((subnet) => {
    const [best] = foreign.filter((route) => route.subnet === subnet).sort((one, other) => one.metric - other.metric);
    if (best === undefined || best.metric > OURS) return `${subnet} effective`;
    return `${subnet} ${best.isPrivate ? 'satisfied' : 'conflicting'}`;
  });
}

/** Brings a node to the same routes and list in another order. */
class World {
  constructor(
    private readonly testbed: Testbed,
    private pod: Pod,
    private readonly foreign: readonly Foreign[],
  ) {}

  /** @returns the pod that runs at the end. */
  async play(): Promise<Pod> {
    const { testbed, foreign } = this;
    this.add(foreign);
    testbed.putList(SUBNETS);
    await this.untilOutcome('theirs first');

    for (const route of foreign) testbed.ip(commandOf('del', route));
    await this.untilOwned(SUBNETS);
    this.add([...foreign].reverse());
    await this.untilOutcome('ours first');

    this.bounce();
    await this.untilOutcome('after a bounce');

    this.pod.signal('SIGKILL');
    await this.pod.exited;
    this.pod = await testbed.cluster.startPod();
    await this.untilOutcome('after a restart');

    testbed.putList([]);
    await this.untilOwned([]);
    for (const route of foreign) testbed.ip(commandOf('del', route));
    return this.pod;
  }

  private add(routes: readonly Foreign[]): void {
    for (const route of routes) this.testbed.ip(commandOf('append', route));
  }

  /** The kernel removes everything that uses the link, and its owners add it again. */
  private bounce(): void {
    const { testbed, foreign } = this;
    testbed.ip('link set priv down');
    testbed.node.netns.batch([
      'link set priv up',
      'addr replace fd00:184::2/64 dev priv nodad',
      'route add 10.0.0.0/8 via 10.184.0.1',
      'route add fd00::/8 via fd00:184::1',
    ]);
    this.add(foreign.filter(({ isPrivate }) => isPrivate));
  }

  private untilOwned(subnets: readonly string[]): Promise<unknown> {
    const { testbed } = this;
    const owned = () => [...testbed.owned(4), ...testbed.owned(6)].join(' ');
    return waitFor(`our routes to be ${subnets.join(' ') || 'none'}`, 20_000, () => owned() === subnets.join(' '));
  }

  private async untilOutcome(order: string): Promise<void> {
    const { testbed, pod, foreign } = this;
    const expected = outcomeOf(foreign);
    let seen: string[] = [];
    const look = async () => {
      const { stdout } = await testbed.get('/status/node-routes').catch(() => ({ stdout: '' }));
      if (stdout === '') return false; // a starting pod does not serve it yet
      const { routes } = await testbed.status(pod);
      seen = routes.map(({ subnet, state }) => `${subnet} ${state}`).sort();
      return `${seen}` === `${expected}`;
    };
    await waitFor(`${expected}, ${order}`, 20_000, look).catch((error: Error) => {
      throw new Error(`${error.message}; last: ${seen}\n${foreign.map(routeOf).join('\n')}`);
    });
    await this.untilOwned(SUBNETS.filter((subnet) => expected.includes(`${subnet} effective`)));
  }
}

describeLab('the same table and list give the same result', () => {
  it('whichever came first, after a bounce and after a restart, in both families', () =>
    Testbed.run(
      {
        topology: DUAL_STACK,
        list: [],
        env: { ROUTE_METRIC: `${OURS}`, PRIVATE_NETWORKS: '10.0.0.0/8,fd00::/8' },
      },
      async (testbed) => {
        let pod = await testbed.startReady();
        for (const foreign of fc.sample(WORLD, { seed: SEED, numRuns: WORLDS }))
          pod = await new World(testbed, pod, foreign).play();
      },
    ));
});
