import { type Subnet, withoutAll } from '../../network';
import type { Child, RouterModel, Source, StaticRoute, Translation } from '../../routers/read/model';
import { common, type Flow, flowOf, plain, sorted, split } from './flow';
import { LINK_MTU, roomIn } from './room';
import { behind, type Router, type Routers } from './routers';
import { childTrouble, type Sa } from './tunnel';

/** One hop on the path of packets, and what happens to them there. */
export interface Hop {
  readonly where: string;
  readonly text: string;
}

/** Packets that do not arrive, with the reason. */
export interface Failure {
  readonly where: string;
  readonly text: string;
  readonly remedy: string;
  readonly source?: Source;
  /** The packets at this point. */
  readonly flow?: Flow;
}

/** Packets that arrive, with the hops that they took. */
export interface Arrival {
  readonly flow: Flow;
  readonly hops: readonly Hop[];
  /** The largest packet in bytes that fits through their tunnel. */
  readonly room: number;
}

/** Size of the IP and TCP headers without options. */
const HEADERS = { 4: 40, 6: 60 } as const;

interface Translated {
  readonly flow: Flow;
  readonly rule: Translation | undefined;
}

interface Tunnelled {
  readonly flow: Flow;
  readonly sa: Sa;
}

/** Follows packets from hosts behind one router through its tunnels to hosts behind other routers. */
export class Crossing {
  readonly failures: Failure[] = [];
  readonly arrivals: Arrival[] = [];

  constructor(
    private readonly from: Router,
    private readonly routers: Routers,
    /** The cluster's pods, to which its router has separate routes, or none in its files. */
    private readonly pods: readonly Subnet[],
  ) {}

  run(flow: Flow): this {
    for (const inward of this.translated(flow, this.from, 'enters'))
      for (const outward of this.translated(inward.flow, this.from, 'leaves'))
        for (const tunnelled of this.tunnelled(outward.flow)) this.land(tunnelled, outward, inward);
    return this;
  }

  /** Follows packets that came out of the tunnel. */
  private land({ sa, flow }: Tunnelled, outward: Translated, inward: Translated): void {
    const far = this.routers.routerOf(sa.peer);
    const passes =
      this.isForwarding(sa.router, this.from, flow) &&
      this.isForwarding(sa.peer, far, flow) &&
      this.isRouted(sa.router, this.from, flow) &&
      this.isAnswered(sa, far, flow) &&
      this.isClamped(sa, sa.router, this.from, flow.destination.now) &&
      this.isClamped(sa, sa.peer, far, flow.source.now);
    if (!passes) return;
    for (const landed of this.translated(flow, far, 'enters')) {
      if (this.isLooping(landed.flow, far) || !this.isInside(sa.peer, far, landed.flow)) continue;
      this.arrivals.push({
        flow: landed.flow,
        room: roomOf(sa, sa.router),
        hops: [
          { where: `router ${this.from.name}`, text: textOfExit(flow, outward.rule, inward.rule, sa) },
          { where: 'tunnel', text: textOfTunnel(sa) },
          { where: `router ${far.name}`, text: textOfEntry(landed) },
        ],
      });
    }
  }

  private fail(where: string, failure: Omit<Failure, 'where'>): void {
    this.failures.push({ where, ...failure });
  }

  /** Applies one router's NAT: the first rule that matches. A FortiGate drops packets that match no policy. */
  private translated(flow: Flow, router: Router, kind: 'enters' | 'leaves'): Translated[] {
    const rules = router[kind];
    const matches = ({ from, peer }: Translation) =>
      kind === 'enters' ? { source: peer, destination: from } : { source: from, destination: peer };
    return sorted(flow, rules, matches).flatMap(({ flow: one, rule }): Translated[] => {
      if (rule !== undefined) {
        const side = kind === 'enters' ? 'destination' : 'source';
        return [{ flow: { ...one, [side]: one[side].translated(rule.from, rule.to) }, rule }];
      }
      const closed = router.ends.find((end) => end.isClosed && isItsTraffic(one, end, kind));
      if (closed === undefined) return [{ flow: one, rule }];
      this.fail(`router ${router.name}`, {
        text: 'no policy lets these packets pass',
        remedy: 'add a policy for this pair of ranges',
        source: { file: closed.connection.file },
        flow: one,
      });
      return [];
    });
  }

  /** Assigns packets to the SA whose selectors match them. */
  private tunnelled(flow: Flow): Tunnelled[] {
    const { from, routers } = this;
    return sorted(flow, from.children, ({ child }) => ({ source: child.local, destination: child.remote })).flatMap(
      ({ flow: one, rule }): Tunnelled[] => {
        const peer = rule && routers.peerOf(rule.end);
        if (rule !== undefined && peer !== undefined) return this.inSas(one, rule.child, rule.end, peer);
        this.fail(`router ${from.name}`, {
          text:
            rule === undefined
              ? `no selector holds ${plain(one.source.now)} → ${plain(one.destination.now)}`
              : `no file configures the other end of ${rule.end.connection.localAddress} ↔ ${rule.end.connection.remoteAddress}`,
          remedy: 'configure the pair of ranges at both ends of the tunnel',
          source: rule === undefined ? { file: (from.ends[0] as RouterModel).connection.file } : rule.end.connection,
          flow: one,
        });
        return [];
      },
    );
  }

  private inSas(flow: Flow, child: Child, end: RouterModel, peer: RouterModel): Tunnelled[] {
    const sas = this.routers.sasOf(end, peer);
    return sorted(flow, sas, ({ local, remote }) => ({ source: local, destination: remote })).flatMap(
      ({ flow: part, rule: sa }): Tunnelled[] => {
        if (sa !== undefined) return [{ flow: part, sa }];
        this.fail('tunnel', { ...childTrouble(child, end, peer), flow: part });
        return [];
      },
    );
  }

  /** If a router has its own routes to the networks behind the tunnel, they must cover these packets. */
  private isRouted(end: RouterModel, router: Router, flow: Flow): boolean {
    const { routes, children, connection, product, outside } = end;
    // A FortiGate routes by its tunnel interface, so the route to the other router does not matter.
    const isPeer = (subnet: Subnet) =>
      product !== 'fortigate' && `${subnet}`.startsWith(`${connection.remoteAddress}/`);
    const isOutward = ({ subnet }: StaticRoute) =>
      isPeer(subnet) || children.some(({ remote }) => common(remote, subnet) !== undefined);
    const isAstray = ({ device }: StaticRoute) => device !== undefined && !outside.has(device);
    return this.hasRoute(routes.filter(isOutward), flow, router, isAstray);
  }

  /**
   * Connection tracking translates answers back. Their path depends on the routes of the far router and of this one.
   */
  private isAnswered({ router, peer }: Sa, far: Router, { source, destination }: Flow): boolean {
    const back = { source: destination, destination: source };
    return this.isRouted(peer, far, back) && this.isInside(router, this.from, flowOf(destination.now, source.sent));
  }

  private isForwarding({ forwards, connection }: RouterModel, router: Router, flow: Flow): boolean {
    const { family } = flow.destination.now;
    if (forwards.has(family)) return true;
    this.fail(`router ${router.name}`, {
      text: `does not forward IPv${family} packets`,
      remedy: 'enable forwarding in sysctl.conf, as npm run synth does',
      source: { file: connection.file.replace(/[^/]*$/, 'sysctl.conf') },
      flow,
    });
    return false;
  }

  /** The same for destinations behind the router itself. */
  private isInside(end: RouterModel, router: Router, flow: Flow): boolean {
    const own = behind(end);
    const isOfPods = (subnet: Subnet) => router.isCluster && this.pods.some((one) => one.contains(subnet));
    const isAlike = (subnet: Subnet) => isOfPods(subnet) === isOfPods(flow.destination.now);
    const isInward = (subnet: Subnet) => isAlike(subnet) && own.some((one) => common(one, subnet) !== undefined);
    const routes = end.routes.filter(({ subnet }) => isInward(subnet));
    const isAstray = ({ device }: StaticRoute) => device !== undefined && end.outside.has(device);
    return this.hasRoute(routes, flow, router, isAstray);
  }

  private hasRoute(
    all: readonly StaticRoute[],
    flow: Flow,
    router: Router,
    isAstray: (route: StaticRoute) => boolean,
  ): boolean {
    // Next hops are per address family.
    const routes = all.filter(({ subnet }) => subnet.family === flow.destination.now.family);
    const [first] = routes;
    const astray = routes.find((one) => common(one.subnet, flow.destination.now) !== undefined && isAstray(one));
    if (astray !== undefined) {
      this.fail(`router ${router.name}`, {
        text: `the route to ${astray.subnet} leads to ${astray.device}, which the packets come from`,
        remedy: 'run npm run synth, and load the routes',
        source: astray,
        flow,
      });
      return false;
    }
    if (first === undefined) return true; // directly connected, or covered by the default route, as the router's sheet states
    const [missing] = withoutAll(
      [flow.destination.now],
      routes.map(({ subnet }) => subnet),
    );
    if (missing === undefined) return true;
    this.fail(`router ${router.name}`, {
      text: `no route to ${plain(missing)}, although neighbouring subnets have routes`,
      remedy: `add a route to ${plain(missing)}`,
      source: { file: first.file },
      flow,
    });
    return false;
  }

  private isClamped(sa: Sa, end: RouterModel, router: Router, peer: Subnet): boolean {
    const most = roomOf(sa, end) - HEADERS[peer.family];
    const [missing] = withoutAll(
      [peer],
      end.clamps.map((one) => one.peer),
    );
    const large = end.clamps.find((one) => common(one.peer, peer) !== undefined && one.bytes > most);
    if (missing === undefined && large === undefined) return true;
    this.fail(`router ${router.name}`, {
      text:
        missing === undefined
          ? `TCP segments of ${large?.bytes} bytes do not fit through ESP on a link of ${LINK_MTU} bytes`
          : `nothing limits TCP segments in both directions of traffic with ${missing}, so large packets do not fit into the tunnel`,
      remedy: `limit them to ${most} bytes at most`,
      source: large ?? { file: end.clamps[0]?.file ?? end.connection.file },
    });
    return false;
  }

  /** Packets that came out of a tunnel and match a selector again go back into a tunnel. */
  private isLooping(flow: Flow, router: Router): boolean {
    for (const { child } of router.children) {
      const { local, remote, file, line } = child;
      const { inside } = split(flow, local, remote);
      if (inside === undefined) continue;
      this.fail(`router ${router.name}`, {
        text: `${flow.source.now} → ${flow.destination.now} goes back into a tunnel through the selector ${local} ↔ ${remote}: a loop`,
        remedy: 'translate the destination to a range behind this router',
        source: { file, ...(line !== undefined && { line }) },
        flow: inside,
      });
      return true;
    }
    return false;
  }
}

/**
 * Whether packets have the direction that the rules apply to: to the other end if they leave, from it if they enter.
 */
function isItsTraffic({ source, destination }: Flow, { children }: RouterModel, kind: 'enters' | 'leaves'): boolean {
  const far = kind === 'leaves' ? destination.now : source.now;
  return children.some(({ remote }) => common(remote, far) !== undefined);
}

function roomOf({ proposal }: Sa, { connection }: RouterModel): number {
  return roomIn(proposal, connection.remoteAddress.includes(':') ? 6 : 4);
}

function textOfExit(
  sent: Flow,
  leaves: Translation | undefined,
  enters: Translation | undefined,
  { child }: Sa,
): string {
  const parts = [
    enters === undefined ? '' : `destination ${enters.from} becomes ${enters.to}`,
    leaves === undefined || leaves.from.equals(leaves.to) ? '' : `source ${leaves.from} becomes ${leaves.to}`,
    `${plain(sent.source.now)} → ${plain(sent.destination.now)} by the selector ${child.local} ↔ ${child.remote}`,
  ];
  return parts.filter(Boolean).join('; ');
}

function textOfTunnel({ router, peer, proposal }: Sa): string {
  const ike = router.connection.proposals.find((one) => peer.connection.proposals.includes(one)) as string;
  const written = (text: string) => text.replace(/ (\d+)$/, ' group $1').replace(' - ', ' ');
  return `IKE ${written(ike)}, ESP ${written(proposal)} at both ends`;
}

function textOfEntry({ flow, rule }: Translated): string {
  if (rule === undefined || rule.from.equals(rule.to)) return `passes on to ${plain(flow.destination.now)}`;
  return `destination becomes ${plain(flow.destination.now)} (${rule.from} becomes ${rule.to})`;
}
