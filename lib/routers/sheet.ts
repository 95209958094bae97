import type { Address } from '../network';
import { tunnelName } from './names';
import { isAead, type Proposal } from './proposal';
import { loadSteps } from './sheet-load';
import { podsSection } from './sheet-pods';
import {
  isOfPods,
  learnedPods,
  localSubnets,
  mssOf,
  remoteSubnets,
  routerTitle,
  routesOf,
  seenAs,
  selectorsOf,
  type Tunnel,
  type TunnelEnd,
} from './tunnel';

/**
 * What the network team of one end needs, whatever their router is, to send by mail or to enter into a form. Markdown.
 * docs/vpn-gateways.md lists what each public cloud calls these values.
 */
export function sheet(tunnel: Tunnel): string {
  const { site, networks, local, remote } = tunnel;
  const sections: readonly (readonly [title: string, lines: readonly string[]])[] = [
    ['Peers', peers(tunnel)],
    ['Proposals', proposals(tunnel)],
    ['Traffic selectors', selectors(tunnel)],
    ['Address translation', translation(tunnel)],
    ['Routes', routes(tunnel)],
    ['Firewall', firewall(tunnel)],
    ['Pods', podsSection(tunnel)],
    ['Check before you load', masquerade(tunnel)],
    ...loadSteps(tunnel),
  ];
  return [
    `# ${tunnelName(tunnel)}: ${routerTitle(local)}`,
    `VPN of site ${site} to on-premise ${networks.join(' and ')}. Written by npm run synth; change the site, not this file.`,
    `The other end, ${routerTitle(remote)}, has its own sheet.`,
    ...sections.filter(([, lines]) => lines.length > 0).map(([title, lines]) => `## ${title}\n\n${lines.join('\n')}`),
    '',
  ]
    .join('\n\n')
    .replace(/\n{3,}/g, '\n\n');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
}

function peers({ local, remote, initiates }: Tunnel): string[] {
  const opens = (does: boolean) => (does ? 'yes' : 'no, it waits');
  return table(
    ['', 'this router', 'the other router'],
    [
      ['address', addressOf(local), addressOf(remote)],
      ['IKE identity', local.id, remote.id],
      ['authentication', 'pre-shared key', 'the same key'],
      ['IKE version', '2', '2'],
      ['opens the tunnel', opens(initiates), opens(!initiates)],
      ['outside interface', local.outside, remote.outside],
      ['inside interface', local.inside, remote.inside],
    ],
  );
}

function addressOf({ publicAddress, localAddress }: TunnelEnd): string {
  return localAddress.equals(publicAddress)
    ? `${publicAddress}`
    : `${publicAddress}, translated to its own ${localAddress}`;
}

function proposals({ ike, esp }: Tunnel): string[] {
  const integrity = ({ encryption, hash }: Proposal) => (isAead(encryption) ? 'none: GCM authenticates' : hash);
  return table(
    ['', 'IKE (phase 1)', 'ESP (phase 2)'],
    [
      ['encryption', ike.encryption, esp.encryption],
      ['integrity', integrity(ike), integrity(esp)],
      ['pseudorandom function', ike.hash, 'none'],
      ['Diffie-Hellman group', `${ike.dhGroup}`, `${esp.dhGroup} (perfect forward secrecy)`],
      ['lifetime', `${ike.lifetime} s`, `${esp.lifetime} s`],
    ],
  );
}

function selectors(tunnel: Tunnel): string[] {
  return [
    'One CHILD_SA (phase 2) per line. A mapped range is written as the other end sees it, never as the real range.',
    '',
    ...table(
      ['local', 'remote'],
      selectorsOf(tunnel).map(({ local, remote }) => [`${local.mapped}`, `${remote.mapped}`]),
    ),
  ];
}

const far = (tunnel: Tunnel) =>
  remoteSubnets(tunnel)
    .map(({ mapped }) => `${mapped}`)
    .join(', ');

function translation(tunnel: Tunnel): string[] {
  const mapped = localSubnets(tunnel).filter(({ isTranslated }) => isTranslated);
  if (mapped.length === 0) return ['None on this router.'];
  const rows = mapped.flatMap((subnet) => {
    const { address, last } = subnet.real;
    const host = address.equals(last) ? address : (address.next() as Address);
    const seen = subnet.toMapped(host);
    return [
      ['subnet', `${subnet.real}`, `${subnet.mapped}`],
      ['a host of it: the source of its connections, the destination of connections to it', `${host}`, `${seen}`],
    ];
  });
  return [
    `This router maps its own subnets one to one, and only in packets to and from ${far(tunnel)}.`,
    '',
    ...table(['', 'real, on this side', 'as the other end sees it'], rows),
  ];
}

function routes(tunnel: Tunnel): string[] {
  const { local, remote } = tunnel;
  const rows = routesOf(tunnel).map(({ subnet, nextHop, interface: link, why }) => [
    `${subnet}`,
    `${nextHop} (${link})`,
    why,
  ]);
  const own = localSubnets(tunnel)
    .filter((subnet) => !isOfPods(local, subnet))
    .map(({ real }) => `${real}`);
  return [
    ...(rows.length > 0 ? [...table(['on this router', 'next hop', 'to'], rows), ''] : []),
    ...(local.insideNextHops.length === 0 ? [`${own.join(', ')}: connected by ${local.inside}.`] : []),
    ...learnedPods(local).map(
      ({ real }) =>
        `${real} (pods): by other means, e.g. BGP with the CNI. This must show a route through the inside interface: ip route get ${real.address.next() ?? real.address}`,
    ),
    ...(local.outsideNextHops.length === 0 ? [`The other router: by the default route, out of ${local.outside}.`] : []),
    `Routers between ${local.what} and this router need a route for ${far(tunnel)} (${remote.what}) towards it.`,
  ];
}

function firewall(tunnel: Tunnel): string[] {
  const { local, remote } = tunnel;
  const [here, there] = [local.publicAddress, remote.publicAddress];
  const inside = selectorsOf(tunnel).map((pair) => [
    `${pair.remote.mapped}`,
    seenAs(pair.local),
    'what the applications need',
  ]);
  return [
    'Both directions:',
    '',
    ...table(
      ['source', 'destination', 'what'],
      [
        [`${there}`, `${here}`, 'UDP 500 (IKE)'],
        [`${there}`, `${here}`, 'UDP 4500 (IKE and ESP through NAT)'],
        [`${there}`, `${here}`, 'IP protocol 50 (ESP)'],
        ...inside,
      ],
    ),
    '',
    `Limit TCP segments to ${mssOf(tunnel, 4)} bytes over IPv4 and ${mssOf(tunnel, 6)} over IPv6, because ESP adds bytes to every packet.`,
  ];
}

function masquerade(tunnel: Tunnel): string[] {
  return [
    `A rule of this router that masquerades packets to ${far(tunnel)} before the translation above takes effect breaks the VPN:`,
    'the packets then leave with another source, which no traffic selector covers. Such a rule must come later, or exclude these ranges.',
  ];
}
