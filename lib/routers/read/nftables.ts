import type { Subnet } from '../../network';
import { type Line, linesOf, placeOf, subnetIn, unknown } from './lines';
import type { Clamp, RouterModel, Translation } from './model';

const SET = String.raw`\{ ([^{}]+) \}`;
const RULES = {
  guardIn: new RegExp(`^iifname "[^"]+" meta ipsec missing ip6? saddr ${SET} counter drop$`),
  guardOut: new RegExp(`^oifname "[^"]+" rt ipsec missing ip6? daddr ${SET} counter drop$`),
  enters: new RegExp(`^ip6? saddr ${SET} dnat ip6? prefix to ip6? daddr map ${SET}$`),
  leaves: new RegExp(`^ip6? daddr ${SET} snat ip6? prefix to ip6? saddr map ${SET}$`),
  clamp: new RegExp(`^ip6? ([sd])addr ${SET} tcp flags syn / syn,rst tcp option maxseg size set (\\d+)$`),
};
/** Lines that enclose chains. */
const FRAME = /^(?:table inet \S+(?: \{)?|delete table inet \S+|comment "[^"]*"|chain [\w-]+ \{|\})$/;
/** The hook for each kind of rule: at any other hook, a rule has a different effect or none. */
const HOOKS: Readonly<Record<keyof typeof RULES, string>> = {
  guardIn: 'type filter hook prerouting priority mangle - 10; policy accept;',
  enters: 'type nat hook prerouting priority dstnat - 10; policy accept;',
  clamp: 'type filter hook forward priority mangle; policy accept;',
  leaves: 'type nat hook postrouting priority srcnat - 10; policy accept;',
  guardOut: 'type filter hook postrouting priority srcnat + 10; policy accept;',
};
const KINDS = Object.keys(RULES) as (keyof typeof RULES)[];

type Rules = Pick<RouterModel, 'leaves' | 'enters' | 'clamps' | 'outside'>;

/** @throws UnknownLine for a rule that our files do not use, or one at another hook. */
export function readNftables(file: string, text: string): Rules {
  const leaves: Translation[] = [];
  const enters: Translation[] = [];
  const sizes: (Clamp & { readonly side: string })[] = [];
  const outside = new Set<string>();
  let hook = '';
  for (const line of linesOf(file, text)) {
    if (KINDS.some((kind) => HOOKS[kind] === line.text)) hook = line.text;
    if (line.text === hook || FRAME.test(line.text)) continue;
    const kind = KINDS.find((one) => HOOKS[one] === hook && RULES[one].test(line.text));
    if (kind === undefined) throw unknown(line);
    const found = RULES[kind].exec(line.text) as RegExpExecArray;
    if (kind === 'enters') enters.push(...translations(line, found));
    else if (kind === 'leaves') leaves.push(...translations(line, found));
    else if (kind === 'clamp') {
      const [, side = '', peers = '', bytes = ''] = found;
      sizes.push(...subnetsIn(line, peers).map((peer) => ({ ...placeOf(line), side, peer, bytes: Number(bytes) })));
    } else {
      subnetsIn(line, found[1] as string);
      outside.add(/"([^"]+)"/.exec(line.text)?.[1] as string);
    }
  }
  const clamps = sizes
    .filter(({ side }) => side === 'd')
    .filter(({ peer, bytes }) => sizes.some((one) => one.side === 's' && one.peer.equals(peer) && one.bytes === bytes))
    .map(({ side: _, ...clamp }) => clamp);
  return { leaves, enters, clamps, outside };
}

/** Elements of a set, or keys of a map. nft rejects a file in which their ranges overlap. */
function subnetsIn(line: Line, text: string): Subnet[] {
  const subnets = text.split(', ').map((value) => subnetIn({ ...line, value }));
  const overlaps = subnets.some((one, i) => subnets.slice(0, i).some((other) => other.overlaps(one)));
  if (overlaps) throw unknown(line);
  return subnets;
}

/** One rule for each entry of the map and each range at the other end. */
function translations(line: Line, [, peers = '', map = '']: readonly string[]): Translation[] {
  subnetsIn(line, map.replaceAll(/ : [^,]+/g, ''));
  return map.split(', ').flatMap((entry) => {
    const [from, to] = entry.split(' : ').map((value) => subnetIn({ ...line, value })) as [Subnet, Subnet | undefined];
    if (to === undefined || from.prefixLength !== to.prefixLength) throw unknown(line);
    return subnetsIn(line, peers).map((peer) => ({ ...placeOf(line), from, to, peer }));
  });
}
