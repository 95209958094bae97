import { type Subnet, withoutAll } from '../../network';
import type { RouterModel, Source, StaticRoute } from '../../routers/read/model';
import { common, type Flow, plain, split } from './flow';
import { LINK_MTU, roomIn } from './room';
import type { Router } from './routers';
import type { Sa } from './tunnel';

/** Packets that do not arrive, with the reason. */
export interface Failure {
  readonly where: string;
  readonly text: string;
  readonly remedy: string;
  readonly source?: Source;
  /** The packets at this point. */
  readonly flow?: Flow;
}

/** Size of the IP and TCP headers without options. */
const HEADERS = { 4: 40, 6: 60 } as const;

/** The largest packet in bytes that fits through the tunnel of this end. */
export function roomOf({ proposal }: Sa, { connection }: RouterModel): number {
  return roomIn(proposal, connection.remoteAddress.includes(':') ? 6 : 4);
}

/** The router does not forward packets of this family. */
export function forwardingFailure(
  { forwards, connection }: RouterModel,
  router: Router,
  flow: Flow,
): Failure | undefined {
  const { family } = flow.destination.now;
  if (forwards.has(family)) return undefined;
  return {
    where: `router ${router.name}`,
    text: `does not forward IPv${family} packets`,
    remedy: 'enable forwarding in sysctl.conf, as npm run synth does',
    source: { file: connection.file.replace(/[^/]*$/, 'sysctl.conf') },
    flow,
  };
}

/** The router has its own routes to the networks behind the tunnel, but they do not cover these packets. */
export function outwardFailure(end: RouterModel, router: Router, flow: Flow): Failure | undefined {
  const { routes, children, connection, product, outside } = end;
  // A FortiGate routes by its tunnel interface, so the route to the other router does not matter.
  const isPeer = (subnet: Subnet) => product !== 'fortigate' && `${subnet}`.startsWith(`${connection.remoteAddress}/`);
  const isOutward = ({ subnet }: StaticRoute) =>
    isPeer(subnet) || children.some(({ remote }) => common(remote, subnet) !== undefined);
  const isAstray = ({ device }: StaticRoute) => device !== undefined && !outside.has(device);
  return routeFailure(routes.filter(isOutward), router, flow, isAstray);
}

/**
 * The same for destinations behind the router itself.
 * @param pods the cluster's pods, to which its router has separate routes, or none in its files.
 */
export function inwardFailure(
  end: RouterModel,
  router: Router,
  flow: Flow,
  pods: readonly Subnet[],
): Failure | undefined {
  const own = router.behind.get(end) as readonly Subnet[];
  const isOfPods = (subnet: Subnet) => router.isCluster && pods.some((one) => one.contains(subnet));
  const isAlike = (subnet: Subnet) => isOfPods(subnet) === isOfPods(flow.destination.now);
  const isInward = (subnet: Subnet) => isAlike(subnet) && own.some((one) => common(one, subnet) !== undefined);
  const routes = end.routes.filter(({ subnet }) => isInward(subnet));
  const isAstray = ({ device }: StaticRoute) => device !== undefined && end.outside.has(device);
  return routeFailure(routes, router, flow, isAstray);
}

function routeFailure(
  all: readonly StaticRoute[],
  router: Router,
  flow: Flow,
  isAstray: (route: StaticRoute) => boolean,
): Failure | undefined {
  // Next hops are per address family.
  const routes = all.filter(({ subnet }) => subnet.family === flow.destination.now.family);
  const [first] = routes;
  if (first === undefined) return undefined; // directly connected, or covered by the default route, as the router's sheet states
  const where = `router ${router.name}`;
  const astray = routes.find((one) => common(one.subnet, flow.destination.now) !== undefined && isAstray(one));
  if (astray !== undefined)
    return {
      where,
      text: `the route to ${astray.subnet} leads to ${astray.device}, which the packets come from`,
      remedy: 'run npm run synth, and load the routes',
      source: astray,
      flow,
    };
  const [missing] = withoutAll(
    [flow.destination.now],
    routes.map(({ subnet }) => subnet),
  );
  if (missing === undefined) return undefined;
  return {
    where,
    text: `no route to ${plain(missing)}, although neighbouring subnets have routes`,
    remedy: `add a route to ${plain(missing)}`,
    source: { file: first.file },
    flow,
  };
}

/** The router lets TCP segments pass in traffic with `peer` that do not fit through the tunnel. */
export function clampFailure(sa: Sa, end: RouterModel, router: Router, peer: Subnet): Failure | undefined {
  const most = roomOf(sa, end) - HEADERS[peer.family];
  const [missing] = withoutAll(
    [peer],
    end.clamps.map((one) => one.peer),
  );
  const large = end.clamps.find((one) => common(one.peer, peer) !== undefined && one.bytes > most);
  if (missing === undefined && large === undefined) return undefined;
  return {
    where: `router ${router.name}`,
    text:
      missing === undefined
        ? `TCP segments of ${large?.bytes} bytes do not fit through ESP on a link of ${LINK_MTU} bytes`
        : `nothing limits TCP segments in both directions of traffic with ${missing}, so large packets do not fit into the tunnel`,
    remedy: `limit them to ${most} bytes at most`,
    source: large ?? { file: end.clamps[0]?.file ?? end.connection.file },
  };
}

/** Packets that came out of a tunnel and match a selector again go back into a tunnel. */
export function loopFailure({ name, children }: Router, flow: Flow): Failure | undefined {
  for (const { child } of children) {
    const { local, remote, file, line } = child;
    if (!local.overlaps(flow.source.now) || !remote.overlaps(flow.destination.now)) continue; // most of many
    const { inside } = split(flow, local, remote);
    if (inside === undefined) continue;
    return {
      where: `router ${name}`,
      text: `${flow.source.now} → ${flow.destination.now} goes back into a tunnel through the selector ${local} ↔ ${remote}: a loop`,
      remedy: 'translate the destination to a range behind this router',
      source: { file, ...(line !== undefined && { line }) },
      flow: inside,
    };
  }
  return undefined;
}
