import { banner } from './banner';
import { familiesOf, routesOf, type Tunnel } from './tunnel';

/** The routes of a Linux router, for `ip -batch`. strongSwan adds those into the tunnel in table 220 by itself. */
export function ipBatch(tunnel: Tunnel): string {
  const lines = routesOf(tunnel).flatMap(({ subnet, nextHop, interface: link, why }) => [
    `# ${why}`,
    `route replace ${subnet} via ${nextHop} dev ${link}`,
  ]);
  const missing = missingRoutes(tunnel).map((line) => `# ${line}`);
  return [banner(tunnel, '#'), ...missing, ...lines, ''].join('\n');
}

/** What makes a Linux host a router, for `sysctl -p`. */
export function sysctlConf(tunnel: Tunnel): string {
  const forwarding = { 4: 'net.ipv4.ip_forward = 1', 6: 'net.ipv6.conf.all.forwarding = 1' };
  return [banner(tunnel, '#'), ...familiesOf(tunnel).map((family) => forwarding[family]), ''].join('\n');
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
