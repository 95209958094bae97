import { offerHelp } from '../../scripts/terminal';
import { overlapStory } from './overlap-story';
import { missingRequirements } from './requirements';
import { PROTOCOL, Scene } from './scene';
import { Teller } from './teller';
import { waitFor } from './wait';

/** `npm run lab`: what dist/example does on a worker node, told with real packets. `--overlap`: with both routers. */

const HELP = `npm run lab -- [options]: what the example does on a worker node, shown with real packets in network namespaces

  --overlap    with both VPN routers, and the same address range on both sides

It needs root on Linux and changes nothing outside the namespaces that it makes. Exit code 1: a step failed.
`;

const SUBNETS = ['192.168.0.0/24', '192.168.1.0/24'];

async function story(teller: Teller): Promise<void> {
  await Scene.play({}, async (scene) => {
    const { picture } = scene;
    teller.title('A worker node with two ways out');
    teller.fact(
      'private',
      `priv ${picture.options.nodes[0]?.private}, a route for ${picture.options.privateNetworks} via ${picture.options.routers[0]}`,
    );
    teller.fact('public', `pub  ${picture.options.nodes[0]?.public}, the default route via ${picture.options.gateway}`);
    teller.fact('on premise', picture.servers.map(({ name, addresses }) => `${name} ${addresses}`).join(', '));

    teller.title('Without the agent');
    await teller.step('a request from on premise is dropped by the reverse path filter', async () => {
      const before = await picture.rpFilterDrops();
      const answered = await picture.answered(scene.node, 300);
      const dropped = (await picture.rpFilterDrops()) - before;
      return !answered && dropped > 0 && `${dropped} packets, TcpExt IPReversePathFilter`;
    });

    teller.title('The pod of dist/example starts');
    const pod = await teller.do('ready', () => scene.startReady());
    teller.quote(
      picture.routes(4, PROTOCOL).map(({ dst, gateway, dev }) => `${dst} via ${gateway} dev ${dev} proto ${PROTOCOL}`),
    );
    await teller.step('both ways are answered', () => picture.answered());

    teller.title('Drift is repaired');
    await teller.step('a route deleted by hand is back', async () => {
      scene.ip('route del 192.168.0.0/24');
      return `after ${ms(await scene.untilOwned(SUBNETS))}`;
    });
    await teller.step('so are all after the link was down and up', async () => {
      scene.node.netns.batch(['link set priv down', 'link set priv up', 'route add 10.0.0.0/8 via 10.184.0.1']);
      return `after ${ms(await scene.untilOwned(SUBNETS))}`;
    });
    await teller.step('and packets flow again', () => picture.answered());

    teller.title("Somebody else's routes");
    await teller.step('one with another next hop is a conflict: told, untouched', async () => {
      scene.ip('route add 192.168.3.0/24 via 198.51.100.1');
      scene.putList([...SUBNETS, '192.168.3.0/24']);
      await scene.untilReadiness(pod, false, /conflicting/);
      return (await pod.probe('readiness')).body?.trim();
    });
    scene.ip('route del 192.168.3.0/24');

    teller.title('A bad list');
    await teller.step('is refused as a whole, the last good one stays', async () => {
      scene.putText('["192.168.7.0/24", "10.94.227.46/24"]');
      await scene.untilReadiness(pod, false, /rejected/);
      return (await picture.answered()) && (await pod.probe('readiness')).body?.trim();
    });
    await teller.step('a good one is taken again', async () => {
      scene.putList(SUBNETS);
      await scene.untilReadiness(pod, true, /2 effective/);
      return `after ${ms(await scene.untilOwned(SUBNETS))}`;
    });

    teller.title('What kubectl exec shows');
    teller.quote((await pod.exec(['node', '/opt/onprem-link/agent.cjs', 'status'])).stdout.trimEnd().split('\n'));

    teller.title('Leaving');
    await teller.step('a restart leaves the routes', async () => {
      await pod.stop();
      return scene.owned().join(' ') === SUBNETS.join(' ') && (await picture.answered());
    });
    await teller.step('an uninstall removes them', async () => {
      const second = await scene.startReady();
      scene.deleteList();
      await scene.untilReadiness(second, false, /is gone/);
      await second.stop();
      return scene.owned().length === 0 && picture.nexthops().length === 0 && 'no routes, no nexthop objects';
    });
    await teller.step('and packets are dropped as before', () =>
      waitFor('the drop', 3000, async () => !(await picture.answered(scene.node, 300))),
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
  const teller = new Teller(process.stdout);
  try {
    await (process.argv.includes('--overlap') ? overlapStory(teller) : story(teller));
  } catch (error) {
    teller.fail(error as Error);
  }
  process.exitCode = teller.end() ? 0 : 1;
}

offerHelp(HELP);
void main();
