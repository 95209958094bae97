import { offerHelp } from '../../scripts/terminal';
import { overlapDemo } from './overlap-demo';
import { Reporter } from './reporter';
import { missingRequirements } from './requirements';
import { PROTOCOL, Testbed } from './testbed';
import { waitFor } from './wait';

/** `npm run lab`: shows with real packets what dist/example does on a worker node. `--overlap`: with both routers. */

const HELP = `npm run lab -- [options]: what the example does on a worker node, shown with real packets in network namespaces

  --overlap    with both VPN routers, and the same address range on both sides

It needs root on Linux and changes nothing outside the namespaces that it makes. Exit code 1: a step failed.
`;

const SUBNETS = ['192.168.0.0/24', '192.168.1.0/24'];

async function demo(reporter: Reporter): Promise<void> {
  await Testbed.run({}, async (testbed) => {
    const { topology } = testbed;
    reporter.title('A worker node with two ways out');
    reporter.fact(
      'private',
      `priv ${topology.options.nodes[0]?.private}, a route for ${topology.options.privateNetworks} via ${topology.options.routers[0]}`,
    );
    reporter.fact(
      'public',
      `pub  ${topology.options.nodes[0]?.public}, the default route via ${topology.options.gateway}`,
    );
    reporter.fact('on premise', topology.servers.map(({ name, addresses }) => `${name} ${addresses}`).join(', '));

    reporter.title('Without the agent');
    await reporter.step('a request from an on-premise server is dropped by the reverse path filter', async () => {
      const before = await topology.rpFilterDrops();
      const answered = await topology.answered(testbed.node, 300);
      const dropped = (await topology.rpFilterDrops()) - before;
      return !answered && dropped > 0 && `${dropped} packets, TcpExt IPReversePathFilter`;
    });

    reporter.title('The pod of dist/example starts');
    const pod = await reporter.do('ready', () => testbed.startReady());
    reporter.quote(
      topology.routes(4, PROTOCOL).map(({ dst, gateway, dev }) => `${dst} via ${gateway} dev ${dev} proto ${PROTOCOL}`),
    );
    await reporter.step('requests in both directions are answered', () => topology.answered());

    reporter.title('Drift is repaired');
    await reporter.step('a route deleted by hand is back', async () => {
      testbed.ip('route del 192.168.0.0/24');
      return `after ${ms(await testbed.untilOwned(SUBNETS))}`;
    });
    await reporter.step('all routes are back after the link was down and up', async () => {
      testbed.node.netns.batch(['link set priv down', 'link set priv up', 'route add 10.0.0.0/8 via 10.184.0.1']);
      return `after ${ms(await testbed.untilOwned(SUBNETS))}`;
    });
    await reporter.step('and packets flow again', () => topology.answered());

    reporter.title('Routes of other programs');
    await reporter.step('one with another next hop is a conflict: reported, not changed', async () => {
      testbed.ip('route add 192.168.3.0/24 via 198.51.100.1');
      testbed.putList([...SUBNETS, '192.168.3.0/24']);
      await testbed.untilReadiness(pod, false, /conflicting/);
      return (await pod.probe('readiness')).body?.trim();
    });
    testbed.ip('route del 192.168.3.0/24');

    reporter.title('A bad list');
    await reporter.step('is rejected as a whole; the last valid one stays', async () => {
      testbed.putText('["192.168.7.0/24", "10.94.227.46/24"]');
      await testbed.untilReadiness(pod, false, /rejected/);
      return (await topology.answered()) && (await pod.probe('readiness')).body?.trim();
    });
    await reporter.step('a valid one is applied again', async () => {
      testbed.putList(SUBNETS);
      await testbed.untilReadiness(pod, true, /2 effective/);
      return `after ${ms(await testbed.untilOwned(SUBNETS))}`;
    });

    reporter.title('What kubectl exec shows');
    reporter.quote((await pod.exec(['node', '/opt/onprem-link/agent.cjs', 'status'])).stdout.trimEnd().split('\n'));

    reporter.title('Stop and uninstall');
    await reporter.step('a restart keeps the routes', async () => {
      await pod.stop();
      return testbed.owned().join(' ') === SUBNETS.join(' ') && (await topology.answered());
    });
    await reporter.step('an uninstall removes them', async () => {
      const second = await testbed.startReady();
      testbed.deleteList();
      await testbed.untilReadiness(second, false, /is gone/);
      testbed.cluster.api.owners.delete(testbed.own('DaemonSet')); // while the DaemonSet exists, the agent keeps its routes
      await second.stop();
      return testbed.owned().length === 0 && topology.nexthops().length === 0 && 'no routes, no nexthop objects';
    });
    await reporter.step('and packets are dropped as before', () =>
      waitFor('packets to be dropped', 3000, async () => !(await topology.answered(testbed.node, 300))),
    );
  });
}

const ms = (milliseconds: number): string => `${milliseconds.toFixed(0)} ms`;

async function main(): Promise<void> {
  const missing = missingRequirements();
  if (missing.length > 0) {
    process.stdout.write(`The lab cannot run here: ${missing.join('; ')}\n`);
    process.exitCode = 1;
    return;
  }
  const reporter = new Reporter(process.stdout);
  try {
    await (process.argv.includes('--overlap') ? overlapDemo(reporter) : demo(reporter));
  } catch (error) {
    reporter.fail(error as Error);
  }
  process.exitCode = reporter.end() ? 0 : 1;
}

offerHelp(HELP);
void main();
