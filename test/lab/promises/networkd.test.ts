import { createInterface } from 'node:readline';
import { describeLab, missingRequirements } from '../requirements';
import { PROTOCOL, Testbed } from '../testbed';
import { missingForNetworkd, Networkd } from '../topology/networkd';
import { SEEDS } from '../topology/topology';
import { waitFor } from '../wait';

jest.setTimeout(120_000);

const CONFIGURATION = {
  '10-priv.network': `
    [Match]
    Name=priv
    [Network]
    Address=10.184.0.2/26
    [Route]
    Destination=10.0.0.0/8
    Gateway=10.184.0.1`,
  '20-pub.network': `
    [Match]
    Name=pub
    [Network]
    Address=198.51.100.2/28
    Gateway=198.51.100.1`,
  '30-new.network': `
    [Match]
    Name=new*
    [Network]
    Address=172.20.0.1/24`,
};

const LIST = ['192.168.0.0/24', { subnet: '192.168.1.0/24', nextHops: ['10.184.0.1', '10.184.0.3'], mode: 'failover' }];

/** The agent's objects in the kernel: routes with their type, and nexthop objects without their IDs. */
function owned({ topology }: Testbed): string {
  const routes = topology
    .routes(4, PROTOCOL)
    .flatMap(({ dst, type, table }) => (table === '254' ? [`${dst} type ${type}`] : []));
  const objects = topology.nexthops().filter(({ protocol }) => protocol === `${PROTOCOL}`);
  return [...routes.sort(), `${objects.length} objects`].join('; ');
}

/** Records the kernel's messages about routes and nexthop objects from now on. */
async function monitor(testbed: Testbed): Promise<readonly string[]> {
  const { netns } = testbed.node;
  const lines: string[] = [];
  const args = ['monitor', 'route', 'nexthop'];
  const { stdout } = netns.lab.spawn('ip', ['-n', netns.name, ...args], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  if (stdout) createInterface({ input: stdout }).on('line', (line) => lines.push(line));
  await waitFor('ip monitor to start', 5000, () => {
    // The kernel does not report a route that is replaced by the same route.
    netns.batch(['route add 203.0.113.200 dev pub', 'route del 203.0.113.200 dev pub']);
    return lines.length > 0;
  });
  return lines;
}

const ALL = [
  ...['192.168.0.0/24 type 1', '192.168.0.0/24 type 7'],
  ...['192.168.1.0/24 type 1', '192.168.1.0/24 type 7', '2 objects'],
].join('; ');

const PROBES = { PROBES: 'datacentre 192.168.0.0/23 192.168.1.10:8080', PROBE_EVERY_MS: '1000' };

const TWO_ROUTERS = { ...SEEDS, routers: [['10.184.0.1/26'], ['10.184.0.3/26']] };

describeLab('routes that a real systemd-networkd removes are restored', () => {
  it('when a new interface appears, and when networkd is killed and starts again', () =>
    Testbed.run(
      { env: { OTHERWISE: 'unreachable', ...PROBES }, list: LIST, topology: TWO_ROUTERS },
      async (testbed) => {
        const pod = await testbed.startReady();
        await testbed.topology.serve();
        const rules = () =>
          testbed
            .ip('rule show')
            .split('\n')
            .filter((line) => line.startsWith('7:')).length;
        const untilAllIsBack = () =>
          waitFor(`all of the agent's objects: ${ALL}`, 10_000, () => owned(testbed) === ALL);
        const networkd = new Networkd(testbed.node.netns, CONFIGURATION);
        await networkd.start('priv', 'pub');
        await untilAllIsBack();
        const lines = await monitor(testbed);
        testbed.node.netns.batch(['link add new0 type veth peer name new1', 'link set new1 up']);
        for (const removed of [/Deleted unreachable 192\.168\.0\.0\/24 proto 142/, /Deleted id \d+ group .*proto 142/])
          await waitFor(`networkd to remove ${removed}`, 10_000, () => lines.some((line) => removed.test(line)));
        await untilAllIsBack();
        await networkd.kill();
        await networkd.start('priv', 'pub');
        await untilAllIsBack();
        await pod.waitReady(20_000);
        expect(await testbed.topology.answered()).toBe(true);
        // networkd removes rules too. They are restored for the next probe, which does not count as a repair.
        await waitFor('the rules of the probes to be restored', 10_000, () => rules() === 2);
        await waitFor('probes to be answered', 10_000, async () => {
          const { networks } = await testbed.status(pod);
          return (
            networks[0]?.paths.length === 2 &&
            networks[0].paths.every(({ misses, trouble }) => misses === 0 && !trouble)
          );
        });
      },
    ));
}, [...missingRequirements(), ...missingForNetworkd()]);
