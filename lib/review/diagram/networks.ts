import { Subnet } from '../../network';
import { addressText, countAddresses } from '../addresses';
import type { SiteTopology, TopologyNetwork, TopologySubnet } from '../topology';
import { folded, label } from './text';

/** One subnet, or several subnets that share a box. */
export interface SubnetBox {
  readonly id: string;
  readonly network: number;
  /** Their indexes in the network's list of subnets. */
  readonly subnets: readonly number[];
}

/** Up to this many networks are drawn with their routers and subnets. Beyond that, each network is one box. */
const MOST_DETAILED = 2;
const MOST_NETWORKS = 8;
/** The most subnets of one network that get boxes of their own. */
const MOST_SUBNETS = 6;
const MOST_SERVERS = 3;

/**
 * The boxes for a network's subnets. Subnets with servers get their own boxes first, because arrows end at them. The
 * others follow in the site's order, and those for which there is no room share one box.
 */
export function subnetBoxes({ networks, services }: SiteTopology): SubnetBox[] {
  const isDetailed = networks.length <= MOST_DETAILED;
  return networks.slice(0, MOST_NETWORKS).flatMap(({ subnets }, network) => {
    const all = subnets.map((_, i) => i);
    if (!isDetailed) return [{ id: `network${network}`, network, subnets: all }];
    const withServers = new Set(
      services.flatMap(({ servers }) => servers.filter((one) => one.network === network).map(({ subnet }) => subnet)),
    );
    const byNeed = [...all.filter((i) => withServers.has(i)), ...all.filter((i) => !withServers.has(i))];
    const single = new Set(byNeed.slice(0, all.length <= MOST_SUBNETS + 1 ? all.length : MOST_SUBNETS));
    const rest = all.filter((i) => !single.has(i));
    return [
      ...all.filter((i) => single.has(i)).map((i) => ({ id: `subnet${network}x${i}`, network, subnets: [i] })),
      ...(rest.length === 0 ? [] : [{ id: `more${network}`, network, subnets: rest }]),
    ];
  });
}

/** The routers, the tunnels, and the networks behind them. */
export function networkLines(topology: SiteTopology, boxes: readonly SubnetBox[]): string[] {
  const shown = topology.networks.slice(0, MOST_NETWORKS);
  const draw = topology.networks.length <= MOST_DETAILED ? detailed : compact;
  return [
    ...routerLines(shown),
    ...shown.flatMap((network, i) => draw(topology, network, i, boxes)),
    ...restLines(topology.networks.slice(MOST_NETWORKS)),
  ];
}

/** The cluster's routers, each listed once even if it has several tunnels. */
function routerLines(networks: readonly TopologyNetwork[]): string[] {
  const addresses = [...new Set(networks.flatMap(({ vpn }) => vpn?.cluster ?? []))];
  return addresses.flatMap((address) => {
    const id = routerId(networks, address);
    return [`${id}{{"cluster's router<br/>${label(address)}"}}:::router`, `private ==> ${id}`];
  });
}

function routerId(networks: readonly TopologyNetwork[], address: string): string {
  return `router${networks.findIndex(({ vpn }) => vpn?.cluster === address)}`;
}

function tunnelTo({ networks }: SiteTopology, { vpn }: TopologyNetwork, end: string): string {
  if (vpn === undefined) return `private ==>|"VPN"| ${end}`;
  return `${routerId(networks, vpn.cluster)} ==>|"VPN tunnel"| ${end}`;
}

/** A network as a frame that contains its router and a box for each subnet. */
function detailed(topology: SiteTopology, network: TopologyNetwork, i: number, boxes: readonly SubnetBox[]): string[] {
  const own = boxes.filter((box) => box.network === i);
  const router = network.vpn === undefined ? 'router' : `its router<br/>${label(network.vpn.onPremise)}`;
  return [
    tunnelTo(topology, network, `end${i}`),
    `subgraph network${i}["on premise: ${label(network.name)}"]`,
    `  end${i}{{"${router}"}}:::router`,
    ...own.map((box) => `  ${box.id}["${boxLines(topology, network, box).join('<br/>')}"]:::subnet`),
    'end',
    `end${i} --- ${own.map(({ id }) => id).join(' & ')}`,
  ];
}

/** A network as one box. */
function compact(topology: SiteTopology, network: TopologyNetwork, i: number, boxes: readonly SubnetBox[]): string[] {
  const router = network.vpn === undefined ? [] : [`router ${label(network.vpn.onPremise)}`];
  const own = boxes.filter((box) => box.network === i).flatMap((box) => boxLines(topology, network, box));
  const text = [`<b>on premise: ${label(network.name)}</b>`, ...router, ...own].join('<br/>');
  return [tunnelTo(topology, network, `network${i}`), `network${i}["${text}"]:::subnet`];
}

function restLines(networks: readonly TopologyNetwork[]): string[] {
  if (networks.length === 0) return [];
  const names = folded(
    networks.map(({ name }) => label(name)),
    3,
    'network',
  );
  const text = [
    `<b>${networks.length} more networks</b>`,
    names.join(', '),
    amount(networks.flatMap((one) => one.subnets)),
  ];
  return [`networks["${text.join('<br/>')}"]:::subnet`, 'private ==>|"VPN"| networks'];
}

function boxLines(
  { services }: SiteTopology,
  { subnets }: TopologyNetwork,
  { network, subnets: places }: SubnetBox,
): string[] {
  const ranges = places.flatMap((i) => subnets[i] ?? []);
  const servers = services
    .flatMap((service) => service.servers)
    .filter((server) => server.network === network && places.includes(server.subnet))
    .map(({ real }) => real);
  const serverLines =
    servers.length === 0 ? [] : [`servers ${folded([...new Set(servers)], MOST_SERVERS, 'server').join(', ')}`];
  const [only] = ranges;
  return [...(ranges.length === 1 && only !== undefined ? oneRange(only) : severalRanges(ranges)), ...serverLines];
}

function oneRange({ real, mapped }: TopologySubnet): string[] {
  return [`<b>${label(real)}</b>`, ...(mapped === undefined ? [] : [`cluster sees ${label(mapped)}`])];
}

function severalRanges(ranges: readonly TopologySubnet[]): string[] {
  const mapped = ranges.filter((range) => range.mapped !== undefined).length;
  return [
    `<b>${ranges.length} subnets</b>`,
    `${label(ranges[0]?.real ?? '')} … ${label(ranges.at(-1)?.real ?? '')}`,
    `${amount(ranges)}${mapped === 0 ? '' : `, ${mapped} subnets mapped`}`,
  ];
}

function amount(ranges: readonly TopologySubnet[]): string {
  return addressText(countAddresses(ranges.map(({ real, mapped }) => Subnet.parse(mapped ?? real))));
}
