import { PODS_ASSUMED } from '../../network';
import type { SiteTopology, TopologyService, TopologySubnet } from '../topology';
import { networkLines, type SubnetBox, subnetBoxes } from './networks';
import { folded, label } from './text';

/** A diagram stays readable with this many boxes of one kind. One more box gives the number of the others. */
const MOST_SERVICES = 8;
const MOST_RANGES = 4;
const MOST_PORTS = 3;

/**
 * A site as a Mermaid diagram. The number of boxes is bounded, however many subnets, networks and services there are.
 * The same site always gives the same text.
 */
export function diagramOf(topology: SiteTopology): string {
  const boxes = subnetBoxes(topology);
  return `${[
    'flowchart LR',
    ...clusterLines(topology),
    ...publicLines(),
    ...networkLines(topology, boxes),
    ...otherRouteLines(topology),
    ...callLines(topology, boxes),
    'classDef service fill:#e8f1fd,stroke:#4a7fc1,color:#10233d',
    'classDef nodes fill:#e6f4ea,stroke:#3d8b58,color:#0f2d1b',
    'classDef router fill:#fdf1dc,stroke:#c08a2b,color:#3b2a08',
    'classDef subnet fill:#f3eefb,stroke:#8260b8,color:#251540',
  ].join('\n')}\n`;
}

function clusterLines(topology: SiteTopology): string[] {
  const { site, nodes, services, privateNetworks } = topology;
  const nodeText = ['<b>nodes</b>', ...folded(nodes.map(rangeText), MOST_RANGES, 'range'), ...podLines(topology)];
  return [
    `subgraph cluster["cluster ${label(site)}"]`,
    ...shownServices(services).map((service, i) => `  ${serviceId(i)}(["${serviceText(service)}"]):::service`),
    ...(services.length > MOST_SERVICES
      ? [
          `  ${serviceId(MOST_SERVICES)}(["${services.length - shownServices(services).length} more Services"]):::service`,
        ]
      : []),
    `  nodes["${nodeText.join('<br/>')}"]:::nodes`,
    'end',
    `private{{"private side<br/>next hop of ${folded(privateNetworks, 2, 'network').join(', ')}"}}:::router`,
    'nodes ==>|"routes"| private',
  ];
}

/** The pod ranges, and the source address that on-premise networks see for their packets. */
function podLines({ pods, podsSeenAs }: SiteTopology): string[] {
  if (podsSeenAs === 'themselves')
    return folded(
      pods.map((one) => `pods ${rangeText(one)}`),
      2,
      'range',
    );
  const ranges = `pods ${folded(
    pods.map(({ real }) => real),
    2,
    'range',
  ).join(', ')}`;
  return [ranges, podsSeenAs === 'nodes' ? 'seen on premise as their node' : PODS_ASSUMED];
}

function publicLines(): string[] {
  return ['public(("public<br/>side"))', 'nodes -.-|"default route"| public'];
}

function otherRouteLines({ otherRoutes }: SiteTopology): string[] {
  const ways = folded(
    otherRoutes.map(({ way, subnets }) => `${label(way)}: ${folded(subnets, 3, 'subnet').join(', ')}`),
    MOST_RANGES,
    'way',
  );
  return ways.length === 0
    ? []
    : [`other["<b>other routes</b><br/>${ways.join('<br/>')}"]:::subnet`, 'nodes ==> other'];
}

/** An arrow from each Service to the subnets of its servers; servers that share a box share one arrow. */
function callLines({ services }: SiteTopology, boxes: readonly SubnetBox[]): string[] {
  const lines = shownServices(services).flatMap(({ servers }, i) =>
    servers.flatMap(({ network, subnet }) => {
      const box = boxes.find((one) => one.network === network && one.subnets.includes(subnet));
      return `${serviceId(i)} -.-> ${box?.id ?? 'networks'}`;
    }),
  );
  return [...new Set(lines)];
}

function shownServices(services: readonly TopologyService[]): readonly TopologyService[] {
  return services.slice(0, MOST_SERVICES);
}

function serviceId(i: number): string {
  return `service${i}`;
}

function serviceText({ name, ports }: TopologyService): string {
  return `${label(name)}<br/>${folded(ports.map(String), MOST_PORTS, 'port').join(', ')}`;
}

/** A node range. */
function rangeText({ real, mapped }: TopologySubnet): string {
  return mapped === undefined ? real : `${real}<br/>seen on premise as ${mapped}`;
}
