import type { Address, Family, Mapping, Subnet } from '../network';
import { type Entry, fortigateInterface, name, text, withMask } from './fortigate-cli';
import {
  insideRoutes,
  localSubnets,
  mssOf,
  ofFamily,
  outsideRoutes,
  remoteSubnets,
  seenAs,
  type Tunnel,
} from './tunnel';

/** Policies and routes are numbered for the whole router: far from the low numbers that its owner gave away already. */
const FIRST_NUMBER = 142_000;

const range = (subnet: Subnet) => `${subnet.address}-${subnet.last}`;
const far = (tunnel: Tunnel, subnet: Mapping) => name(`${tunnel.network}-far`, remoteSubnets(tunnel).indexOf(subnet));
const near = (tunnel: Tunnel, subnet: Mapping) => name(`${tunnel.network}-near`, localSubnets(tunnel).indexOf(subnet));
const pool = (tunnel: Tunnel, subnet: Mapping) => name(`${tunnel.network}-out`, localSubnets(tunnel).indexOf(subnet));
const vip = (tunnel: Tunnel, subnet: Mapping) => name(`${tunnel.network}-in`, localSubnets(tunnel).indexOf(subnet));
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
      why: `${tunnel.remote.what}, as seen from here`,
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
      extintf: text(fortigateInterface(tunnel.network)),
      extip: range(subnet.mapped),
      mappedip: text(range(subnet.real)),
    },
  }));
}

/** Per local subnet one policy out and one in; only from and to the other end's ranges. */
export function policies(tunnel: Tunnel): Entry[] {
  return localSubnets(tunnel).flatMap((subnet, i) => {
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
    const through = text(fortigateInterface(tunnel.network));
    const nat = { nat: 'enable', ippool: 'enable', poolname: text(pool(tunnel, subnet)) };
    return [
      {
        edit: FIRST_NUMBER + tunnel.firstRule + 2 * i,
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
        edit: FIRST_NUMBER + tunnel.firstRule + 2 * i + 1,
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

/** Into the tunnel, and to nowhere while it is down; to the other router and to what is behind this one. */
export function staticRoutes(tunnel: Tunnel, family: Family): Entry[] {
  const device = text(fortigateInterface(tunnel.network));
  const throughTunnel = ofFamily(remoteSubnets(tunnel), family).flatMap(({ mapped }) => [
    { why: tunnel.remote.what, set: { dst: destination(mapped), device } },
    {
      why: `${tunnel.remote.what}: dropped while the tunnel is down, not sent to the Internet`,
      set: { dst: destination(mapped), blackhole: 'enable', distance: 254 },
    },
  ]);
  const remoteRanges = new Set(remoteSubnets(tunnel).map(({ mapped }) => mapped));
  const direct = [...insideRoutes(tunnel), ...outsideRoutes(tunnel).filter(({ subnet }) => !remoteRanges.has(subnet))]
    .filter(({ subnet }) => subnet.family === family)
    .map(({ subnet, nextHop, interface: link, why }) => ({
      why,
      set: { dst: destination(subnet), gateway: gateway(nextHop), device: text(link) },
    }));
  return [...throughTunnel, ...direct].map((entry, i) => ({ edit: FIRST_NUMBER + tunnel.firstRule + i, ...entry }));
}

const destination = (subnet: Subnet) => (subnet.family === 4 ? withMask(subnet) : `${subnet}`);
const gateway = (nextHop: Address) => `${nextHop}`;
