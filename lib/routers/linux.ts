import { banner } from './banner';
import { tunnelName } from './names';
import { familiesOf, routesOf, type Tunnel } from './tunnel';

/** Where the files of a tunnel lie on a Linux router, by the file's name below routers/. */
export function linuxPaths(tunnel: Pick<Tunnel, 'site' | 'networks'>): Readonly<Record<string, string>> {
  const name = tunnelName(tunnel);
  return {
    'swanctl.conf': `/etc/swanctl/conf.d/${name}.conf`,
    'nftables.conf': `/etc/onprem-link/${name}.nft`,
    'routes.batch': `/etc/onprem-link/${name}.routes`,
    'sysctl.conf': `/etc/sysctl.d/60-${name}.conf`,
    'onprem-link.service': `/etc/systemd/system/${unitName(tunnel)}`,
  };
}

export const unitName = (tunnel: Pick<Tunnel, 'site' | 'networks'>): string =>
  `onprem-link-${tunnelName(tunnel)}.service`;

/** The banner of a file of a Linux router, with the place where the file is meant to lie. */
export function linuxBanner(tunnel: Tunnel, file: string): string {
  return `${banner(tunnel, 'strongswan', '#')}\n# On the router: ${linuxPaths(tunnel)[file]}`;
}

/** The routes of a Linux router, for `ip -batch`. strongSwan adds those into the tunnel in table 220 by itself. */
export function ipBatch(tunnel: Tunnel): string {
  const lines = routesOf(tunnel).flatMap(({ subnet, nextHop, interface: link, why }) => [
    `# ${why}`,
    `route replace ${subnet} via ${nextHop} dev ${link}`,
  ]);
  const missing = missingRoutes(tunnel).map((line) => `# ${line}`);
  return [linuxBanner(tunnel, 'routes.batch'), ...missing, ...lines, ''].join('\n');
}

/** What makes a Linux host a router, for `sysctl -p`. */
export function sysctlConf(tunnel: Tunnel): string {
  const forwarding = { 4: 'net.ipv4.ip_forward = 1', 6: 'net.ipv6.conf.all.forwarding = 1' };
  const lines = familiesOf(tunnel).map((family) => forwarding[family]);
  return [linuxBanner(tunnel, 'sysctl.conf'), ...lines, ''].join('\n');
}

/**
 * Loads rules and routes at each boot and whenever nftables.service, whose file begins with `flush ruleset`, loads its
 * own (systemd.unit(5)). Without the rules nothing is translated, so they are there before strongSwan starts.
 */
export function systemdUnit(tunnel: Tunnel): string {
  const paths = linuxPaths(tunnel);
  return `${linuxBanner(tunnel, 'onprem-link.service')}
[Unit]
Description=NAT, guards and routes of the VPN ${tunnelName(tunnel)}
Wants=network-online.target
After=network-online.target nftables.service
PartOf=nftables.service
ReloadPropagatedFrom=nftables.service
Before=strongswan.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/nft -f ${paths['nftables.conf']}
ExecStart=/usr/sbin/ip -batch ${paths['routes.batch']}
ExecReload=/usr/sbin/nft -f ${paths['nftables.conf']}
ExecReload=/usr/sbin/ip -batch ${paths['routes.batch']}

[Install]
WantedBy=multi-user.target
`;
}

/** What a reader would miss, and why it is not there. */
export function missingRoutes({ local, remote }: Tunnel): string[] {
  return [
    ...(local.insideNextHops.length === 0 ? [`No route to ${local.what}: connected by ${local.inside}.`] : []),
    ...(local.outsideNextHops.length === 0
      ? [`No route to ${remote.what}: the default route leads out of ${local.outside}.`]
      : []),
  ];
}
