import { parseAllDocuments } from 'yaml';
import { Address, Mapping } from '../../lib/network';
import type { Tree } from '../../lib/review';
import type { Arrival } from '../../lib/review/prove/cross';
import { proofsOf, viewsOf } from '../../lib/review/prove/prove';
import { routedBy } from '../../lib/review/prove/site-view';
import { describeLab, missingRequirements } from '../lab/requirements';
import { Lab } from '../lab/topology/namespaces';
import { missingForVpn } from '../lab/topology/vpn-requirements';
import { waitFor } from '../lab/wait';
import { SEED, share } from './budget';
import { KINDS, type Mutant, mutantOf } from './vpn-mutants';
import { randomOf, randomSite, type VpnSite } from './vpn-sites';
import { type Pair, VpnWorld } from './vpn-world';

const TIME_MS = share(0.3);
const MUTANTS_OF_A_SITE = 6;
const AGREE_MS = 8_000;

jest.setTimeout(TIME_MS + 300_000);

/** Every host in the node subnet paired with every host on premise, in both directions. */
function pairsOf({ nodes, subnets, hosts }: VpnSite): { there: Pair[]; back: Pair[] } {
  const all = hosts(nodes.real).flatMap((node) =>
    subnets.flatMap((subnet) => hosts(subnet.real).map((server) => ({ node, server, subnet }))),
  );
  return {
    there: all.map(({ node, server, subnet }) => ({
      from: `${node}`,
      asks: `${subnet.toMapped(server)}`,
      to: `${server}`,
    })),
    back: all.map(({ node, server }) => ({ from: `${server}`, asks: `${nodes.toMapped(node)}`, to: `${node}` })),
  };
}

/** Whether an arrival matches the pair. */
function arrives(arrivals: readonly Arrival[], { from, asks, to }: Pair): boolean {
  const [sender, target] = [Address.parse(from), Address.parse(asks)];
  return arrivals.some(({ flow: { source, destination } }) => {
    if (!source.sent.contains(sender) || !destination.sent.contains(target)) return false;
    const moved = new Mapping(destination.sent, destination.now);
    return `${moved.toMapped(target)}` === to;
  });
}

/** For each pair, whether the proof expects an answer. */
function predicted(tree: Tree, site: VpnSite): { there: boolean[]; back: boolean[] } {
  const { view } = viewsOf(tree)[0] as ReturnType<typeof viewsOf>[number];
  const routed = view.pools.flatMap(routedBy);
  const { there, back } = pairsOf(site);
  const forwards = view.toPremises(view.promises.nodes, routed).arrivals;
  const backwards = view.fromPremises(site.subnets.map(({ real }) => real)).arrivals;
  const isAnswered = ({ from, asks }: Pair) =>
    backwards.some(({ flow }) => {
      const sender = Address.parse(from);
      if (!flow.source.sent.contains(sender) || !flow.destination.sent.contains(Address.parse(asks))) return false;
      const seen = new Mapping(flow.source.sent, flow.source.now).toMapped(sender);
      return routed.some((subnet) => subnet.contains(seen));
    });
  return {
    there: there.map((pair) => arrives(forwards, pair)),
    back: back.map((pair) => arrives(backwards, pair) && isAnswered(pair)),
  };
}

/** The list as nodes receive it, parsed without the code of the proof. */
function listIn(tree: Tree): string[] {
  const documents = parseAllDocuments(tree.get('dist/example/node-routes.k8s.yaml') as string).map((one) => one.toJS());
  return JSON.parse(documents.find(({ kind }) => kind === 'ConfigMap').data.routes) as string[];
}

/** The addresses of the Service's endpoints. */
function endpointsIn(tree: Tree): string[] {
  const documents = parseAllDocuments(tree.get('dist/example/orders.k8s.yaml') as string).map((one) => one.toJS());
  const slices = documents.filter(({ kind }) => kind === 'EndpointSlice') as { endpoints: { addresses: string[] }[] }[];
  return slices.flatMap(({ endpoints }) => endpoints.flatMap(({ addresses }) => addresses));
}

interface Seen {
  readonly there: boolean[];
  readonly back: boolean[];
  /** For each promised server: whether an endpoint reaches it. */
  readonly services: boolean[];
}

async function seen(world: VpnWorld, tree: Tree, site: VpnSite): Promise<Seen> {
  const { there, back } = pairsOf(site);
  const [node] = site.hosts(site.nodes.real);
  const servers = site.subnets.map(({ real }) => `${site.hosts(real)[0]}`);
  const asked = endpointsIn(tree).flatMap((asks) => servers.map((to): Pair => ({ from: `${node}`, asks, to })));
  const [first, second, third] = [
    await world.answered(there, true),
    await world.answered(back, false),
    await world.answered(asked, true),
  ];
  return {
    there: first,
    back: second,
    services: servers.map((to) => asked.some((pair, i) => pair.to === to && third[i])),
  };
}

const isAllRight = ({ there, back, services }: Seen) => [...there, ...back, ...services].every(Boolean);

describeLab('the proof and real packets through real routers', () => {
  it('agree for every pair of random sites, and after errors in their files', async () => {
    const until = performance.now() + TIME_MS;
    let sites = 0;
    const mutants: { readonly kind: string; readonly isBroken: boolean }[] = [];
    for (let number = 0; performance.now() < until; number++) {
      const random = randomOf(SEED + number);
      const site = randomSite(random);
      const lab = new Lab();
      try {
        const world = await VpnWorld.build(lab, site);
        expect(await judge(world, site.tree, site, `seed ${SEED + number}: the unchanged site`)).toBe(false);
        sites++;
        for (let i = 0; i < MUTANTS_OF_A_SITE && performance.now() < until; i++) {
          // The kinds take turns, so that none is left to chance.
          const kind = KINDS[(number * MUTANTS_OF_A_SITE + i) % KINDS.length] as string;
          const mutant = mutantOf(site, kind, random);
          if (mutant === undefined) continue;
          const isBroken = await judge(
            world,
            changedTree(site.tree, mutant),
            site,
            `seed ${SEED + number}: ${mutant.name}`,
          );
          mutants.push({ kind, isBroken });
        }
        await world.close();
      } finally {
        await lab.close();
      }
    }
    const breaking = mutants.filter(({ isBroken }) => isBroken).length;
    const byKind = Object.fromEntries(KINDS.map((kind) => [kind, mutants.filter((one) => one.kind === kind).length]));
    process.stderr.write(`${JSON.stringify({ sites, mutants: mutants.length, breaking, byKind })}\n`);
    expect(breaking).toBeGreaterThan(0);
  });
}, [...missingRequirements(), ...missingForVpn()]);

const changedTree = (tree: Tree, { path, text }: Mutant): Tree => new Map([...tree, [path, text]]);

/** The pairs for which packets and proof differ. */
function differences(pairs: readonly Pair[], seenOnes: readonly boolean[], expected: readonly boolean[]): string[] {
  return pairs.flatMap(({ from, asks, to }, i) =>
    seenOnes[i] === expected[i]
      ? []
      : [
          `${from} requests ${asks}, which is ${to}: ${seenOnes[i] ? 'answered' : 'not answered'}, but the proof says the opposite`,
        ],
  );
}

/** @returns whether packets are lost. @throws if the proof disagrees */
async function judge(world: VpnWorld, tree: Tree, site: VpnSite, what: string): Promise<boolean> {
  const expected = predicted(tree, site);
  const proof = proofsOf(tree)[0] as ReturnType<typeof proofsOf>[number];
  const isProven = proof.ways.every(({ result }) => result !== 'broken');
  await world.load(tree, listIn(tree)).catch((cause: Error) => {
    throw new Error(`${what}: ${cause.message}`, { cause });
  });
  let last: Seen | undefined;
  // A tunnel may take a moment to open. Only the final result counts.
  await waitFor('packets to agree with the proof', AGREE_MS, async () => {
    last = await seen(world, tree, site);
    return JSON.stringify([last.there, last.back]) === JSON.stringify([expected.there, expected.back]);
  }).catch(() => undefined);
  const { there, back } = last as Seen;
  const { there: pairs, back: pairsBack } = pairsOf(site);
  const differing = [...differences(pairs, there, expected.there), ...differences(pairsBack, back, expected.back)];
  if (differing.length > 0) throw new Error([what, ...differing].join('\n'));
  const isBroken = !isAllRight(last as Seen);
  if (isBroken) expect({ what, isProven }).toEqual({ what, isProven: false });
  return isBroken;
}
