import type { Family, Mapping } from '../network';
import { STATE } from './banner';
import { linuxBanner } from './linux';
import { tunnelName } from './names';
import { familiesOf, localSubnets, mssOf, ofFamily, remoteSubnets, seenAs, type Tunnel } from './tunnel';

/**
 * One-to-one NAT, MSS clamp and guards of a Linux router (nft(8), nftables ≥ 1.0, Linux ≥ 5.6), in a separate table
 * that loading replaces as a whole. Rules match the other end's ranges, not an interface, so that they work with
 * policies, XFRM interfaces and a TUN.
 */
export function nftablesConf(tunnel: Tunnel): string {
  const table = `inet onprem-link-${tunnelName(tunnel)}`;
  const chains = [guardIn, destinationNat, clamp, sourceNat, guardOut].flatMap((chain) => {
    const rules = familiesOf(tunnel).flatMap((family) => chain.rules(tunnel, family));
    return rules.length === 0 ? [] : [chainText(chain, tunnel, rules)];
  });
  return `#!/usr/sbin/nft -f
${linuxBanner(tunnel, 'nftables.conf')}
table ${table}
delete table ${table}
table ${table} {
  comment "onprem-link state ${STATE}"
${chains.join('\n')}
}
`;
}

interface Chain {
  readonly name: string;
  readonly hook: string;
  readonly why: (tunnel: Tunnel) => readonly string[];
  readonly rules: (tunnel: Tunnel, family: Family) => readonly string[];
}

function chainText({ name, hook, why }: Chain, tunnel: Tunnel, rules: readonly string[]): string {
  const comments = why(tunnel).map((line) => `  # ${line}`);
  const body = [`type ${hook}; policy accept;`, ...rules].map((line) => `    ${line}`);
  return [...comments, `  chain ${name} {`, ...body, '  }'].join('\n');
}

const ip = (family: Family) => (family === 4 ? 'ip' : 'ip6');
const setOf = (subnets: readonly Mapping[]) => `{ ${subnets.map(({ mapped }) => mapped).join(', ')} }`;
const remotes = (tunnel: Tunnel, family: Family) => setOf(ofFamily(remoteSubnets(tunnel), family));

const guardIn: Chain = {
  name: 'from-outside',
  hook: 'filter hook prerouting priority mangle - 10',
  why: ({ remote, local }) => [
    `Packets from ${remote.what} that did not come through the tunnel are forged.`,
    `Packets that did come through the tunnel have an IPsec state, even on ${local.outside}.`,
  ],
  rules: (tunnel, family) => [
    `iifname "${tunnel.local.outside}" meta ipsec missing ${ip(family)} saddr ${remotes(tunnel, family)} counter drop`,
  ],
};

const destinationNat: Chain = {
  name: 'to-real',
  hook: 'nat hook prerouting priority dstnat - 10',
  why: (tunnel) => [`To ${tunnel.local.what}, from ${tunnel.remote.what} only:`, ...mapped(tunnel)],
  rules: (tunnel, family) => {
    const translated = ofFamily(localSubnets(tunnel), family).filter(({ isTranslated }) => isTranslated);
    if (translated.length === 0) return [];
    const map = translated.map((subnet) => `${subnet.mapped} : ${subnet.real}`).join(', ');
    return [
      `${ip(family)} saddr ${remotes(tunnel, family)} dnat ${ip(family)} prefix to ${ip(family)} daddr map { ${map} }`,
    ];
  },
};

const clamp: Chain = {
  name: 'mss',
  hook: 'filter hook forward priority mangle',
  why: () => ['ESP adds bytes to every packet: limit TCP segments to what fits, whatever the two hosts negotiate.'],
  rules: (tunnel, family) =>
    ['saddr', 'daddr'].map(
      (side) =>
        `${ip(family)} ${side} ${remotes(tunnel, family)} tcp flags syn / syn,rst tcp option maxseg size set ${mssOf(tunnel, family)}`,
    ),
};

const sourceNat: Chain = {
  name: 'to-mapped',
  hook: 'nat hook postrouting priority srcnat - 10',
  why: (tunnel) => [
    `From ${tunnel.local.what}, to ${tunnel.remote.what} only:`,
    ...mapped(tunnel),
    'Ranges that map to themselves are exempt from the masquerade rules of this router, which come later.',
  ],
  rules: (tunnel, family) => {
    const map = ofFamily(localSubnets(tunnel), family).map((subnet) => `${subnet.real} : ${subnet.mapped}`);
    return [
      `${ip(family)} daddr ${remotes(tunnel, family)} snat ${ip(family)} prefix to ${ip(family)} saddr map { ${map.join(', ')} }`,
    ];
  },
};

const guardOut: Chain = {
  name: 'to-outside',
  hook: 'filter hook postrouting priority srcnat + 10',
  why: ({ remote, local }) => [
    `Packets to ${remote.what} leave through the tunnel or not at all: none leaves ${local.outside} unencrypted while the tunnel is down.`,
  ],
  rules: (tunnel, family) => [
    `oifname "${tunnel.local.outside}" rt ipsec missing ${ip(family)} daddr ${remotes(tunnel, family)} counter drop`,
  ],
};

function mapped(tunnel: Tunnel): string[] {
  return localSubnets(tunnel).map((subnet) => `  ${seenAs(subnet)}`);
}
