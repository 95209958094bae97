import { PODS_ASSUMED } from '../network';
import { cniTexts } from './cni';
import { isOfPods, remoteSubnets, seenAs, type Tunnel, type TunnelEnd, type TunnelPods } from './tunnel';

/**
 * The source address that on-premise networks see for pods' packets, for either router, and the CNI configuration that
 * this requires.
 */
export function podsSection(tunnel: Tunnel): string[] {
  const { local, remote } = tunnel;
  if (remote.pods !== undefined) return statement(remote, remote.pods, local.what);
  if (local.pods === undefined) return [];
  return [...statement(local, local.pods, remote.what), ...cni(tunnel, local.pods)];
}

function statement(end: TunnelEnd, { ranges, seenAs: seen }: TunnelPods, far: string): string[] {
  const pods = ranges.map(({ real }) => real).join(', ');
  const nodes = end.subnets.filter((one) => !isOfPods(end, one)).map(seenAs);
  if (seen !== 'themselves')
    return [
      `Packets from pods (${pods}) reach ${far} with the address of their node: ${nodes.join('; ')}.`,
      ...(seen === undefined ? ['', `${PODS_ASSUMED}.`] : []),
    ];
  return [`Packets from pods reach ${far} with the pod's address: ${ranges.map(seenAs).join('; ')}.`];
}

function cni(tunnel: Tunnel, { ranges, seenAs: seen }: TunnelPods): string[] {
  if (seen === undefined) return [];
  const { local } = tunnel;
  const texts = cniTexts(seen, {
    site: tunnel.site,
    pods: ranges.map(({ real }) => real),
    nodes: local.subnets.filter((one) => !isOfPods(local, one)).map(({ real }) => real),
    far: remoteSubnets(tunnel).map(({ mapped }) => mapped),
  });
  return [
    '',
    "The cluster's CNI decides this. Configure it as follows:",
    '',
    ...texts.flatMap(({ title, lines, note }) => [
      `- ${title}:`,
      '',
      ...lines.map((line) => `      ${line}`),
      '',
      `  ${note}`,
      '',
    ]),
    ...(seen === 'themselves'
      ? [
          'kube-proxy must not masquerade all packets from pods to Services: iptables.masqueradeAll (or nftables.masqueradeAll) must be false.',
          '',
        ]
      : []),
    'To see which address arrives, see docs/pods.md.',
  ];
}
