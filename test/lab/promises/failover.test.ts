import type { Pod } from '../kubelet/pod';
import { describeLab } from '../requirements';
import { PROTOCOL, Scene } from '../scene';
import { addressOf, nth } from '../topology/addresses';
import { DUAL_STACK, type PictureOptions, SEEDS } from '../topology/picture';
import { waitFor } from '../wait';

jest.setTimeout(90_000);

const [FIRST, SECOND] = ['10.184.0.1', '10.184.0.3'] as const;
const SUBNETS = ['192.168.0.0/24', '192.168.1.0/24'];
const TWO_ROUTERS: PictureOptions = { ...SEEDS, routers: [[`${FIRST}/26`], [`${SECOND}/26`]] };
const TWO_DUAL_ROUTERS: PictureOptions = {
  ...DUAL_STACK,
  routers: [
    [`${FIRST}/26`, 'fd00:184::1/64'],
    [`${SECOND}/26`, 'fd00:184::3/64'],
  ],
};

const over = (subnets: readonly string[], nextHops: readonly string[], mode?: string) =>
  subnets.map((subnet) => ({ subnet, nextHops, ...(mode !== undefined && { mode }) }));

/** A router dies on the private side, while the node's link stays up; on premise it is known at once. */
function silence(scene: Scene, router: 0 | 1): void {
  scene.picture.routers[router]?.netns.ip('link', 'set', 'priv', 'down');
  leadBackBy(scene, router === 0 ? 1 : 0);
}

function revive(scene: Scene, router: 0 | 1): void {
  scene.picture.routers[router]?.netns.ip('link', 'set', 'priv', 'up');
  leadBackBy(scene, router);
}

/** The servers on premise answer by this router; the picture gives it the first address of each subnet, or the last but one. */
function leadBackBy(scene: Scene, router: 0 | 1): void {
  scene.picture.options.servers.forEach(({ addresses }, i) => {
    const gateways = addresses.map((address) => addressOf(nth(address, router === 0 ? 1 : -2)));
    scene.picture.servers[i]?.netns.batch(gateways.map((gateway) => `route replace default via ${gateway}`));
  });
}

/** Next hops that the kernel has for our routes of a family, where all have the same. */
function inUse(scene: Scene, family: 4 | 6 = 4): string {
  const routes = scene.picture.routes(family, PROTOCOL);
  const ways = routes.map(({ gateway, nexthops }) => (nexthops ?? [{ gateway }]).map((hop) => hop.gateway).join(' '));
  return new Set(ways).size === 1 ? (ways[0] as string) : `different: ${ways.join(', ')}`;
}

/** @returns the milliseconds until our routes go this way. */
async function untilInUse(scene: Scene, pod: Pod, hops: string, ms: number, family: 4 | 6 = 4): Promise<number> {
  const started = performance.now();
  await waitFor(`the routes to go by ${hops}`, ms, () => inUse(scene, family) === hops, 5).catch((error: Error) => {
    throw new Error(`${error.message}; they go by ${inUse(scene, family)}\n${pod.logs}`);
  });
  return performance.now() - started;
}

describeLab('several next hops', () => {
  it('one that dies is out within 5 s by one message, packets flow, and it is back when it answers', () =>
    Scene.play({ picture: TWO_ROUTERS, list: over(SUBNETS, [FIRST, SECOND]) }, async (scene) => {
      const pod = await scene.startReady();
      expect(inUse(scene)).toBe(`${FIRST} ${SECOND}`);
      const objects = scene.picture.routes(4, PROTOCOL).map(({ nhid }) => nhid);
      silence(scene, 0);
      expect(await untilInUse(scene, pod, SECOND, 8000)).toBeLessThan(5000);
      expect(scene.picture.routes(4, PROTOCOL).map(({ nhid }) => nhid)).toEqual(objects);
      expect(await scene.picture.answered()).toBe(true);
      await scene.untilReadiness(pod, true, /2 effective; next hop 10\.184\.0\.1 dev priv does not answer/);
      expect((await scene.status(pod)).nextHops).toMatchObject([
        { nextHop: FIRST, state: 'down' },
        { nextHop: SECOND, state: 'up' },
      ]);
      const { stdout: metrics } = await scene.get('/metrics');
      expect(metrics).toContain(`onprem_link_next_hop_up{next_hop="${FIRST}",interface="priv"} 0`);
      expect(metrics).toContain(`onprem_link_next_hop_up{next_hop="${SECOND}",interface="priv"} 1`);

      revive(scene, 0);
      await pod.waitForLog(({ json }) => json?.event === 'nexthop.returning', 5000);
      await untilInUse(scene, pod, `${FIRST} ${SECOND}`, 15_000);
      expect(scene.picture.routes(4, PROTOCOL).map(({ nhid }) => nhid)).toEqual(objects);
      expect(await scene.picture.answered()).toBe(true);
      expect((await scene.status(pod)).counters.repairs).toBe(0);
    }));

  it('in failover the first that answers has it all; the last one is never removed', () =>
    Scene.play({ picture: TWO_ROUTERS, list: over(SUBNETS, [FIRST, SECOND], 'failover') }, async (scene) => {
      const pod = await scene.startReady();
      expect(inUse(scene)).toBe(FIRST);
      expect(await scene.picture.answered()).toBe(true);
      silence(scene, 0);
      expect(await untilInUse(scene, pod, SECOND, 8000)).toBeLessThan(5000);
      expect(await scene.picture.answered()).toBe(true);
      silence(scene, 1);
      await pod.waitForLog(({ json }) => json?.event === 'nexthop.down' && json.nextHop === SECOND, 8000);
      expect(inUse(scene)).toBe(SECOND);
      expect(scene.owned()).toEqual(SUBNETS);
      revive(scene, 0);
      // Nobody else answers, so it does not have to wait.
      expect(await untilInUse(scene, pod, FIRST, 8000)).toBeLessThan(6000);
      expect(await scene.picture.answered()).toBe(true);
    }));

  it('in both families', () =>
    Scene.play(
      {
        picture: TWO_DUAL_ROUTERS,
        env: { PRIVATE_NETWORKS: '10.0.0.0/8,fd00::/8' },
        list: [
          ...over(SUBNETS, [FIRST, SECOND], 'failover'),
          ...over(['2001:db8:a::/64', '2001:db8:b::/64'], ['fd00:184::1', 'fd00:184::3'], 'failover'),
        ],
      },
      async (scene) => {
        const pod = await scene.startReady();
        expect(await scene.picture.answered()).toBe(true);
        silence(scene, 0);
        await untilInUse(scene, pod, 'fd00:184::3', 5000, 6);
        await untilInUse(scene, pod, SECOND, 5000);
        expect(await scene.picture.answered()).toBe(true);
      },
    ));

  it('an address set by hand counts as up, and stays as it was set', () =>
    Scene.play({ picture: TWO_ROUTERS, list: [] }, async (scene) => {
      scene.ip(`neigh replace ${FIRST} lladdr 02:00:00:00:00:01 dev priv nud permanent`);
      const pod = await scene.startReady();
      scene.putList(over(SUBNETS, [FIRST, SECOND]));
      silence(scene, 0);
      silence(scene, 1);
      await untilInUse(scene, pod, FIRST, 8000);
      expect(scene.ip(`neigh show ${FIRST} dev priv`)).toContain('PERMANENT');
    }));

  it('one that this node cannot reach leaves its routes to the others', () =>
    Scene.play({ picture: TWO_ROUTERS, list: over(SUBNETS, ['203.0.113.77', SECOND]) }, async (scene) => {
      const pod = await scene.startReady();
      expect(inUse(scene)).toBe(SECOND);
      expect(await scene.picture.answered()).toBe(true);
      await scene.untilReadiness(pod, true, /2 effective; next hop 203\.0\.113\.77 is on no link of this node/);
    }));
});
