import { banner } from './banner';
import { tunnelName } from './names';
import { familiesOf, isOfPods, learnedPods, routesOf, type Tunnel, type TunnelEnd } from './tunnel';

/** Paths of a tunnel's files on a Linux router, by the file's name below routers/. */
export function linuxPaths(tunnel: Pick<Tunnel, 'site' | 'networks'>): Readonly<Record<string, string>> {
  const name = tunnelName(tunnel);
  return {
    'swanctl.conf': `/etc/swanctl/conf.d/${name}.conf`,
    'nftables.conf': `/etc/onprem-link/${name}.nft`,
    'routes.batch': `/etc/onprem-link/${name}.routes`,
    'sysctl.conf': `/etc/sysctl.d/60-${name}.conf`,
    'rules.service': `/etc/systemd/system/onprem-link-${name}-rules.service`,
    'routes.service': `/etc/systemd/system/onprem-link-${name}-routes.service`,
  };
}

/** Its systemd units, in the order in which they start. */
export function unitsOf(tunnel: Pick<Tunnel, 'site' | 'networks'>): string[] {
  const paths = linuxPaths(tunnel);
  return ['rules.service', 'routes.service'].map((file) => paths[file]?.split('/').at(-1) as string);
}

/** The banner of a Linux router's file, with the path to install it at. */
export function linuxBanner(tunnel: Tunnel, file: string): string {
  return `${banner(tunnel, 'strongswan', '#')}\n# On the router: ${linuxPaths(tunnel)[file]}`;
}

/** The routes of a Linux router, for `ip -batch`. strongSwan itself adds the routes into the tunnel, in table 220. */
export function ipBatch(tunnel: Tunnel): string {
  const lines = routesOf(tunnel).flatMap(({ subnet, nextHop, interface: link, why }) => [
    `# ${why}`,
    `route replace ${subnet} via ${nextHop} dev ${link}`,
  ]);
  const missing = missingRoutes(tunnel).map((line) => `# ${line}`);
  return [linuxBanner(tunnel, 'routes.batch'), ...missing, ...lines, ''].join('\n');
}

/** Settings that make a Linux host a router, for `sysctl -p`. */
export function sysctlConf(tunnel: Tunnel): string {
  const forwarding = { 4: 'net.ipv4.ip_forward = 1', 6: 'net.ipv6.conf.all.forwarding = 1' };
  const lines = familiesOf(tunnel).map((family) => forwarding[family]);
  return [linuxBanner(tunnel, 'sysctl.conf'), ...lines, ''].join('\n');
}

/**
 * Loads the rules before any link is up, as nftables.service does. A packet that passed earlier would leave an entry in
 * the kernel's connection tracking, and its flow would stay untranslated as long as it lasts. The rules are loaded
 * again whenever nftables.service, whose file begins with `flush ruleset`, loads its own (systemd.unit(5)).
 */
export function rulesUnit(tunnel: Tunnel): string {
  const load = `/usr/sbin/nft -f ${linuxPaths(tunnel)['nftables.conf']}`;
  return `${linuxBanner(tunnel, 'rules.service')}
[Unit]
Description=NAT and guards of the VPN ${tunnelName(tunnel)}
DefaultDependencies=no
Wants=network-pre.target
After=nftables.service
Before=network-pre.target shutdown.target
Conflicts=shutdown.target
PartOf=nftables.service
ReloadPropagatedFrom=nftables.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=${load}
ExecReload=${load}

[Install]
WantedBy=sysinit.target
`;
}

/** Adds the routes once the links are up. */
export function routesUnit(tunnel: Tunnel): string {
  return `${linuxBanner(tunnel, 'routes.service')}
[Unit]
Description=Routes of the VPN ${tunnelName(tunnel)}
Wants=network-online.target
After=network-online.target
Before=strongswan.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/ip -batch ${linuxPaths(tunnel)['routes.batch']}

[Install]
WantedBy=multi-user.target
`;
}

/** The ranges, if not all subnets behind the router are directly connected. */
function connectedWhat(local: TunnelEnd): string {
  const connected = local.subnets.filter((subnet) => !isOfPods(local, subnet));
  return connected.length === local.subnets.length ? local.what : connected.map(({ real }) => real).join(', ');
}

/** States which routes the file lacks and why, so that a reader does not miss them. */
export function missingRoutes({ local, remote }: Tunnel): string[] {
  return [
    ...(local.insideNextHops.length === 0
      ? [`No route to ${connectedWhat(local)}: connected by ${local.inside}.`]
      : []),
    ...learnedPods(local).map((subnet) => `No route to the pods ${subnet.real}: this router learns it by other means.`),
    ...(local.outsideNextHops.length === 0
      ? [`No route to ${remote.what}: the default route leads out of ${local.outside}.`]
      : []),
  ];
}
