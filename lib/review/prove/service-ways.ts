import type { Address, PortPromise, ServerPromise, ServicePromise } from '../../network';
import { type Endpoint, hostSubnet, type Service } from './cluster';
import type { Arrival, Hop } from './cross';
import type { Failure } from './failure';
import { plain } from './flow';
import { gapsBetween, type SiteView, unrouted } from './site-view';
import { assumed, broken, consistent, placeText, type Trouble, troublesOf, type Way } from './way';

/** An endpoint, and where its packets arrive. */
interface Walked {
  readonly endpoint: Endpoint;
  readonly arrivals: readonly Arrival[];
  readonly failures: readonly Failure[];
}

/** One path for each port and server of each Service. */
export function serviceWays(view: SiteView): Way[] {
  return [...view.promises.services].flatMap(([name, promise]) =>
    promise.ports.flatMap((port) => new ServicePort(view, name, promise, port).ways()),
  );
}

class ServicePort {
  private readonly service: Service | undefined;
  private readonly endpoints: readonly Endpoint[];

  constructor(
    private readonly view: SiteView,
    private readonly name: string,
    private readonly promise: ServicePromise,
    private readonly port: PortPromise,
  ) {
    this.service = view.cluster.services.get(name);
    this.endpoints = this.service?.endpoints.get(port.name) ?? [];
  }

  ways(): Way[] {
    const { service, port, promise } = this;
    const { name, protocol, port: number } = port;
    const isThere = service?.ports.some((one) => one.name === name && one.port === number && one.protocol === protocol);
    if (service === undefined || isThere !== true)
      return promise.servers.map(({ address }) => broken(this.nameFor(address), [this.missing()]));
    const walked = this.endpoints.filter((one) => !this.isElsewhere(one)).map((endpoint) => this.walked(endpoint));
    const strangers = walked.flatMap((one) => this.strangerIn(one));
    return promise.servers.map((server) =>
      this.view.hasVpn(server.network)
        ? this.wayTo(server, service, walked, strangers)
        : this.assumedWay(server, service, strangers),
    );
  }

  private nameFor(address: Address): string {
    return `${this.name.replace(/^default\//, '')} ${this.port.port} → ${address}:${this.port.serverPort}`;
  }

  /** Whether an endpoint leads to a server behind routers that are configured by other means. */
  private isElsewhere({ address }: Endpoint): boolean {
    return this.promise.servers.some(
      (server) => !this.view.hasVpn(server.network) && address.equals(this.view.seenAs(server)),
    );
  }

  /** The path from all pods to one endpoint, beyond their nodes. */
  private walked(endpoint: Endpoint): Walked {
    return { endpoint, ...this.view.toPremises(this.view.clients, [hostSubnet(endpoint.address)]) };
  }

  /** Pools whose nodes should have a route to an endpoint of a network and lack it. */
  private unroutedTo({ address }: Endpoint, network: string): Failure[] {
    return this.view.poolsTo(network).flatMap((pool) => unrouted(pool, hostSubnet(address)));
  }

  private wayTo(
    { network, address }: ServerPromise,
    service: Service,
    walked: readonly Walked[],
    strangers: readonly Trouble[],
  ): Way {
    const name = this.nameFor(address);
    const target = hostSubnet(address);
    const right = walked.find(({ arrivals }) => arrivals.some(({ flow }) => flow.destination.now.equals(target)));
    if (right === undefined) return broken(name, [...this.unreached(walked, address, service), ...strangers]);
    const [gap] = gapsBetween(this.view.clients, [target], right.arrivals);
    const troubles = [
      ...troublesOf(this.unroutedTo(right.endpoint, network)),
      ...(gap === undefined ? [] : [notFrom(plain(gap.source.now), `${gap.source.now.address} → ${address}`)]),
      ...troublesOf(gap === undefined ? [] : right.failures),
      ...this.portTroubles(right.endpoint),
      ...strangers,
    ];
    if (troubles.length > 0) return broken(name, troubles);
    const [arrival] = right.arrivals as [Arrival];
    return consistent(name, [
      this.clientHop(right.endpoint, service),
      ...this.nodeHops(right.endpoint.address),
      ...arrival.hops,
      answerHop(arrival, address),
    ]);
  }

  private assumedWay(server: ServerPromise, service: Service, strangers: readonly Trouble[]): Way {
    const name = this.nameFor(server.address);
    const seen = this.view.seenAs(server);
    const right = this.endpoints.find(({ address }) => address.equals(seen));
    if (right === undefined) return broken(name, [...this.unreached([], server.address, service), ...strangers]);
    const troubles = [...troublesOf(this.unroutedTo(right, server.network)), ...this.portTroubles(right), ...strangers];
    if (troubles.length > 0) return broken(name, troubles);
    return assumed(name, server.network, [this.clientHop(right, service), ...this.nodeHops(right.address)]);
  }

  private portTroubles(endpoint: Endpoint): Trouble[] {
    return endpoint.port === this.port.serverPort ? [] : [wrongPort(endpoint, this.port.serverPort)];
  }

  private unreached(walked: readonly Walked[], address: Address, service: Service): Trouble[] {
    const failures = walked.filter(({ arrivals }) => arrivals.length === 0).flatMap((one) => one.failures);
    if (failures.length > 0) return troublesOf(failures);
    const leads = walked.flatMap(({ endpoint, arrivals }) =>
      arrivals.map(({ flow }) => `${endpoint.address} leads to ${plain(flow.destination.now)}`),
    );
    return [
      {
        where: 'Service',
        text: [`no endpoint leads to ${address}`, ...leads.slice(0, 3)].join('; '),
        remedy: 'run npm run synth',
        source: placeText(service.source),
      },
    ];
  }

  /** Connections that reach a server that this Service does not promise. */
  private strangerIn({ endpoint: { address, source, what }, arrivals }: Walked): Trouble[] {
    const { servers } = this.promise;
    const stranger = arrivals.find(({ flow }) => !servers.some((one) => flow.destination.now.contains(one.address)));
    const isFollowed = servers.some(({ network }) => this.view.hasVpn(network));
    if (stranger === undefined && isFollowed) return [];
    const leads = stranger === undefined ? '' : `, which leads to ${plain(stranger.flow.destination.now)}`;
    return [
      {
        where: 'Service',
        text: `${what} has ${address}${leads}: not a server of this Service`,
        remedy: 'run npm run synth',
        source: placeText(source),
      },
    ];
  }

  private missing(): Trouble {
    const { service, name, port } = this;
    return {
      where: 'Service',
      text:
        service === undefined ? `there is no Service ${name}` : `Service ${name} has no port ${port.name} ${port.port}`,
      remedy: 'run npm run synth',
      ...(service !== undefined && { source: placeText(service.source) }),
    };
  }

  private clientHop({ address, port, what }: Endpoint, { isHeadless }: Service): Hop {
    const pods = this.view.promises.pods.filter(({ family }) => family === address.family).join(', ');
    const by = isHeadless ? 'by DNS' : `by Service ${this.name.replace(/^default\//, '')}`;
    return { where: 'pod', text: `${pods} → ${address}:${port} ${by}, ${what}` };
  }

  private nodeHops(address: Address): Hop[] {
    const { podsSeenAs } = this.view.promises;
    const ranges = this.view.clients.filter(({ family }) => family === address.family).join(', ');
    const [route] = this.view.pools
      .flatMap(({ routes }) => routes)
      .filter(({ subnet }) => subnet.contains(address))
      .sort((a, b) => b.subnet.prefixLength - a.subnet.prefixLength || a.metric - b.metric);
    const way = route?.nextHops.length ? `via ${route.nextHops.join(', ')}` : 'by the private next hop';
    return [
      podsSeenAs === 'themselves'
        ? { where: 'node', text: `leaves the pod its address in ${ranges}` }
        : {
            where: 'node masquerades',
            text: `as its address in ${ranges}${podsSeenAs === undefined ? ' (assumed)' : ''}`,
          },
      { where: 'node routes', text: `${route?.subnet} ${way}` },
    ];
  }
}

function answerHop({ flow, hops }: Arrival, server: Address): Hop {
  const places = hops.filter(({ where }) => where.startsWith('router')).map(({ where }) => where);
  return {
    where: 'answer',
    text: `${server} → ${flow.source.now} → ${flow.source.sent} → pod; conntrack on ${['node', ...places].join(', ')}`,
  };
}

const notFrom = (nodes: string, example: string): Trouble => ({
  where: 'nodes',
  text: `packets from ${nodes} do not arrive`,
  remedy: 'see the failures below',
  example,
});

const wrongPort = ({ address, port, source, what }: Endpoint, serverPort: number): Trouble => ({
  where: 'Service',
  text: `${what} sends to port ${port} of ${address}, but the server's port is ${serverPort}`,
  remedy: 'run npm run synth',
  source: placeText(source),
});
