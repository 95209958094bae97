import type { Hop, KernelRoute, Link, Nexthop, NodeAddress, Rule, Snapshot } from '../../lib/agent/kernel/types';
import { Address, MAIN_TABLE, Subnet } from '../../lib/network';

/** Builds a node's state for tests from the syntax of `ip`: `route('10.0.0.0/8 via 10.184.0.1 dev priv proto boot')`. */

export const LINKS: Readonly<Record<string, number>> = { lo: 1, priv: 2, pub: 3, pods: 4 };
const PROTOCOLS: Readonly<Record<string, number>> = { kernel: 2, boot: 3, static: 4, ours: 142, former: 141 };
const TYPES: Readonly<Record<string, number>> = { local: 2, blackhole: 6, unreachable: 7, prohibit: 8, throw: 9 };

type Words = Readonly<Record<string, string | undefined>>;

export const subnet = (text: string): Subnet => Subnet.parse(text);
export const address = (text: string): Address => Address.parse(text);
const FLAGS: ReadonlySet<string> = new Set(['onlink', 'qualified', 'replace']);

/** `via A dev B onlink` as { via: 'A', dev: 'B', onlink: 'yes' }. */
function wordsOf(words: readonly string[]): Words {
  const found: Record<string, string> = {};
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as string;
    found[word] = FLAGS.has(word) ? 'yes' : (words[++i] as string);
  }
  return found;
}

function hopOf({ via, dev, onlink, weight }: Words): Hop {
  return {
    ...(via !== undefined && { gateway: address(via) }),
    link: LINKS[dev ?? 'priv'] as number,
    onlink: onlink !== undefined,
    weight: Number(weight ?? 1),
  };
}

export const hop = (text: string): Hop => hopOf(wordsOf(text.split(' ')));

/** `[blackhole] SUBNET [via A] [dev B] [onlink] [proto P] [metric M] [table T] [nhid N] [src S] [mtu U] [nexthop …]…` */
export function route(text: string): KernelRoute {
  const [head = '', ...hops] = text.split(/ ?\bnexthop /);
  const words = head.split(' ');
  const type = TYPES[words[0] as string];
  if (type !== undefined) words.shift();
  const destination = subnet(words.shift() as string);
  const named = wordsOf(words);
  const { proto = 'boot', metric, table, nhid, src, mtu, qualified } = named;
  const own = named.via === undefined && named.dev === undefined ? [] : [hopOf(named)];
  return {
    subnet: destination,
    table: Number(table ?? MAIN_TABLE),
    metric: Number(metric ?? (destination.family === 4 ? 0 : 1024)),
    protocol: PROTOCOLS[proto] ?? Number(proto),
    type: type ?? 1,
    hops: hops.length > 0 ? hops.map(hop) : own,
    ...(qualified !== undefined && { qualified: true }),
    ...(nhid !== undefined && { nexthopId: Number(nhid) }),
    ...(src !== undefined && { source: address(src) }),
    ...(mtu !== undefined && { mtu: Number(mtu) }),
  };
}

/** `ID proto P via A dev B`, or `ID proto P group 1/2,5` (object 1 with weight 2, object 5). */
export function nexthop(text: string): Nexthop {
  const [id, ...words] = text.split(' ');
  const named = wordsOf(words);
  const protocol = PROTOCOLS[named.proto ?? 'ours'] ?? Number(named.proto);
  if (named.group !== undefined) {
    const group = named.group.split(',').map((member) => {
      const [memberId, weight = 1] = member.split('/').map(Number);
      return { id: memberId as number, weight };
    });
    return { id: Number(id), protocol, group };
  }
  const only = hopOf(named);
  return { id: Number(id), protocol, family: only.gateway?.family ?? 4, hop: only };
}

/** `10.184.0.2/26 dev priv` */
export function nodeAddress(text: string): NodeAddress {
  const [own = '', , dev = 'priv'] = text.split(' ');
  const [host = '', length] = own.split('/');
  return {
    link: LINKS[dev] as number,
    address: address(host),
    connected: Subnet.around(address(host), Number(length)),
  };
}

export const links: ReadonlyMap<number, Link> = new Map(
  Object.entries(LINKS).map(([name, index]) => [index, { index, name, carrier: true }]),
);

/** Routes that every network namespace has. */
const RULES: readonly Rule[] = ([4, 6] as const).flatMap((family) => [
  { family, priority: 0, action: 1, table: 255 },
  { family, priority: 32766, action: 1, table: MAIN_TABLE },
]);

export function snapshot(
  state: {
    readonly routes?: readonly string[];
    readonly nexthops?: readonly string[];
    readonly addresses?: readonly string[];
  } = {},
): Snapshot {
  return {
    links,
    rules: RULES,
    nexthops: new Map((state.nexthops ?? []).map(nexthop).map((object) => [object.id, object])),
    addresses: (state.addresses ?? []).map(nodeAddress),
    routes: (state.routes ?? []).map(route),
  };
}

/** The node of the standard topology: one private and one public interface. */
export const SEEDS = {
  addresses: ['127.0.0.1/8 dev lo', '10.184.0.2/26 dev priv', '198.51.100.2/28 dev pub'],
  routes: [
    '0.0.0.0/0 via 198.51.100.1 dev pub',
    '10.0.0.0/8 via 10.184.0.1 dev priv',
    '10.184.0.0/26 dev priv proto kernel',
    '198.51.100.0/28 dev pub proto kernel',
  ],
} as const;
