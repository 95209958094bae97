import type { Address, PortPromise, ServicePromise } from '../../network';
import { type Endpoint, hostSubnet, type Service } from './cluster';
import type { Arrival, Failure, Hop } from './cross';
import { plain } from './flow';
import { type SiteView, unrouted } from './site-view';
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
    const isFollowed = promise.servers.some(({ network }) => this.view.hasVpn(network));
    const walked = isFollowed ? this.endpoints.map((endpoint) => this.walked(endpoint)) : [];
    const strangers = walked.flatMap((one) => this.strangerIn(one));
    return promise.servers.map(({ network, address }) =>
      this.view.hasVpn(network)
        ? this.wayTo(address, service, walked, strangers)
        : this.assumedWay(address, network, service),
    );
  }

  private nameFor(address: Address): string {
    return `${this.name.replace(/^default\//, '')} ${this.port.port} → ${address}:${this.port.serverPort}`;
  }

  /** The path from all pods to one endpoint. */
  private walked(endpoint: Endpoint): Walked {
    const target = hostSubnet(endpoint.address);
    const missing = this.view.pools.flatMap((pool) => unrouted(pool, target));
    if (missing.length > 0) return { endpoint, arrivals: [], failures: missing };
    return { endpoint, ...this.view.fromClients([target]) };
  }

  private wayTo(address: Address, service: Service, walked: readonly Walked[], strangers: readonly Trouble[]): Way {
    const name = this.nameFor(address);
    const target = hostSubnet(address);
    const right = walked.find(({ arrivals }) => arrivals.some(({ flow }) => flow.destination.now.equals(target)));
    if (right === undefined) return broken(name, [...this.unreached(walked, address, service), ...strangers]);
    const [gap] = this.view.gapsOfClients(right.arrivals, [target]);
    const troubles = [
      ...(gap === undefined ? [] : [notFrom(plain(gap.source.now), `${gap.source.now.address} → ${address}`)]),
      ...troublesOf(gap === undefined ? [] : right.failures),
      ...(right.endpoint.port === this.port.serverPort ? [] : [wrongPort(right.endpoint, this.port.serverPort)]),
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

  private assumedWay(address: Address, network: string, service: Service): Way {
    const name = this.nameFor(address);
    const [first] = this.endpoints;
    const missing = this.endpoints.flatMap((endpoint) =>
      this.view.pools.flatMap((pool) => unrouted(pool, hostSubnet(endpoint.address))),
    );
    if (first === undefined) return broken(name, this.unreached([], address, service));
    if (missing.length > 0) return broken(name, troublesOf(missing));
    return assumed(name, network, [this.clientHop(first, service), ...this.nodeHops(first.address)]);
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
    if (stranger === undefined) return [];
    return [
      {
        where: 'Service',
        text: `${what} has ${address}, which leads to ${plain(stranger.flow.destination.now)}: not a server of this Service`,
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
