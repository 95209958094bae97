import type { Namespace } from './namespaces';

/** A packet's addresses, e.g. '10.0.1.5 > 192.168.1.10'. */
export type Pair = string;

const RULES: Readonly<Record<string, { type: string; rule: string }>> = {
  ipv4: { type: 'ipv4_addr . ipv4_addr', rule: 'ether type ip add @seen-ipv4 { ip saddr . ip daddr }' },
  ipv6: { type: 'ipv6_addr . ipv6_addr', rule: 'ether type ip6 add @seen-ipv6 { ip6 saddr . ip6 daddr }' },
  arp: { type: 'ipv4_addr . ipv4_addr', rule: 'ether type arp add @seen-arp { arp saddr ip . arp daddr ip }' },
};

/**
 * Records the addresses of every frame on a bridge, with nftables at the ingress of all its ports. It needs no capture
 * program, and misses no frame in either direction.
 */
export class Wire {
  private constructor(
    private readonly netns: Namespace,
    private readonly table: string,
  ) {}

  /** Starts to record. @param bridge its name in that namespace */
  static watch(netns: Namespace, bridge: string): Wire {
    const ports = netns.ipJson<{ ifname: string }[]>('link', 'show', 'master', bridge).map(({ ifname }) => ifname);
    const sets = Object.entries(RULES).map(
      ([name, { type }]) => `set seen-${name} { type ${type}; flags dynamic; size 4096; }`,
    );
    const rules = Object.values(RULES).map(({ rule }) => rule);
    const chains = ports.map(
      (port) =>
        `chain at-${port} { type filter hook ingress device "${port}" priority 0; policy accept;\n${rules.join('\n')}\n}`,
    );
    const table = `wire-${bridge}`;
    netns.load(`table netdev ${table} {\n${[...sets, ...chains].join('\n')}\n}`);
    return new Wire(netns, table);
  }

  /** All pairs so far, sorted. */
  seen(kind: 'ipv4' | 'ipv6' | 'arp'): Pair[] {
    const { nftables } = JSON.parse(
      this.netns.run('nft', '-j', 'list', 'set', 'netdev', this.table, `seen-${kind}`),
    ) as {
      nftables: { set?: { elem?: (Concatenation | { elem: { val: Concatenation } })[] } }[];
    };
    const elements = nftables.flatMap(({ set }) => set?.elem ?? []);
    return elements.map((one) => ('elem' in one ? one.elem.val : one).concat.join(' > ')).sort();
  }
}

interface Concatenation {
  readonly concat: readonly [string, string];
}
