import type { Address, Family, Mapping, Subnet } from '../network';
import { type Entry, text, withMask } from './fortigate-cli';
import { fortigateInterface, fortigateObject, tunnelName } from './names';
import { directRoutes, localSubnets, mssOf, ofFamily, remoteSubnets, seenAs, type Tunnel } from './tunnel';

const range = (subnet: Subnet) => `${subnet.address}-${subnet.last}`;
const far = (tunnel: Tunnel, { mapped }: Mapping) => fortigateObject(tunnelName(tunnel), 'far', mapped);
const near = (tunnel: Tunnel, { real }: Mapping) => fortigateObject(tunnelName(tunnel), 'near', real);
const pool = (tunnel: Tunnel, { mapped }: Mapping) => fortigateObject(tunnelName(tunnel), 'out', mapped);
const vip = (tunnel: Tunnel, { mapped }: Mapping) => fortigateObject(tunnelName(tunnel), 'in', mapped);
const device = (tunnel: Tunnel) => text(fortigateInterface(tunnelName(tunnel)));
const translated = (tunnel: Tunnel) => localSubnets(tunnel).filter(({ isTranslated }) => isTranslated);

export function addresses(tunnel: Tunnel, family: Family): Entry[] {
  const value = (subnet: Subnet) => (family === 4 ? { subnet: withMask(subnet) } : { ip6: `${subnet}` });
  return [
    ...ofFamily(localSubnets(tunnel), family).map((one) => ({
      edit: near(tunnel, one),
      why: tunnel.local.what,
      set: value(one.real),
    })),
    ...ofFamily(remoteSubnets(tunnel), family).map((one) => ({
      edit: far(tunnel, one),
      why: `${tunnel.remote.what}, as this side sees it`,
      set: value(one.mapped),
    })),
  ];
}

export function pools(tunnel: Tunnel): Entry[] {
  return translated(tunnel).map((subnet) => ({
    edit: pool(tunnel, subnet),
    why: `${tunnel.local.what} leave as ${subnet.mapped}; ranges of equal size keep the host part`,
    set: {
      type: 'fixed-port-range',
      startip: `${subnet.mapped.address}`,
      endip: `${subnet.mapped.last}`,
      'source-startip': `${subnet.real.address}`,
      'source-endip': `${subnet.real.last}`,
    },
  }));
}

export function virtualIps(tunnel: Tunnel): Entry[] {
  return translated(tunnel).map((subnet) => ({
    edit: vip(tunnel, subnet),
    why: `${tunnel.local.what} are called ${subnet.mapped} there`,
    set: {
      extintf: device(tunnel),
      extip: range(subnet.mapped),
      mappedip: text(range(subnet.real)),
    },
  }));
}

/** One outgoing and one incoming policy per local subnet, only to and from the other end's ranges. */
export function policies(tunnel: Tunnel): Entry[] {
  return localSubnets(tunnel).flatMap((subnet) => {
    const { family } = subnet.real;
    const [source, destination] = family === 4 ? ['srcaddr', 'dstaddr'] : ['srcaddr6', 'dstaddr6'];
    const theirs = ofFamily(remoteSubnets(tunnel), family)
      .map((one) => text(far(tunnel, one)))
      .join(' ');
    const common = {
      action: 'accept',
      schedule: text('always'),
      service: text('ALL'),
      'tcp-mss-sender': mssOf(tunnel, family),
      'tcp-mss-receiver': mssOf(tunnel, family),
    };
    const inside = text(tunnel.local.inside);
    const through = device(tunnel);
    const { policies: numbers } = tunnel.numbers;
    const nat = { nat: 'enable', ippool: 'enable', poolname: text(pool(tunnel, subnet)) };
    return [
      {
        edit: numbers[`out ${subnet.mapped}`] as number,
        why: `${tunnel.local.what} (${seenAs(subnet)}) to ${tunnel.remote.what}`,
        set: {
          srcintf: inside,
          dstintf: through,
          [source as string]: text(near(tunnel, subnet)),
          [destination as string]: theirs,
          ...common,
          ...(subnet.isTranslated ? nat : { nat: 'disable' }),
        },
      },
      {
        edit: numbers[`in ${subnet.mapped}`] as number,
        why: `${tunnel.remote.what} to ${tunnel.local.what} (${seenAs(subnet)})`,
        set: {
          srcintf: through,
          dstintf: inside,
          [source as string]: theirs,
          [destination as string]: text(subnet.isTranslated ? vip(tunnel, subnet) : near(tunnel, subnet)),
          ...common,
          nat: 'disable',
        },
      },
    ];
  });
}

/**
 * Routes into the tunnel, with black holes for when it is down; to the other router; and to the subnets behind this
 * one.
 */
export function staticRoutes(tunnel: Tunnel, family: Family): Entry[] {
  const { routes: numbers } = tunnel.numbers;
  const edit = (key: string) => numbers[key] as number;
  const throughTunnel = ofFamily(remoteSubnets(tunnel), family).flatMap(({ mapped }) => [
    {
      edit: edit(`through ${mapped}`),
      why: tunnel.remote.what,
      set: { dst: destination(mapped), device: device(tunnel) },
    },
    {
      edit: edit(`blackhole ${mapped}`),
      why: `${tunnel.remote.what}: dropped while the tunnel is down, not sent to the Internet`,
      set: { dst: destination(mapped), blackhole: 'enable', distance: 254 },
    },
  ]);
  const direct = directRoutes(tunnel)
    .filter(({ subnet }) => subnet.family === family)
    .map(({ subnet, nextHop, interface: link, why }) => ({
      edit: edit(`direct ${subnet}`),
      why,
      set: { dst: destination(subnet), gateway: gateway(nextHop), device: text(link) },
    }));
  return [...throughTunnel, ...direct];
}

const destination = (subnet: Subnet) => (subnet.family === 4 ? withMask(subnet) : `${subnet}`);
const gateway = (nextHop: Address) => `${nextHop}`;
