import type { Subnet } from '../../network';
import type { Child, RouterModel, Translation } from '../../routers/read/model';
import {
  clampFailure,
  type Failure,
  forwardingFailure,
  inwardFailure,
  loopFailure,
  outwardFailure,
  roomOf,
} from './failure';
import { common, type Flow, flowOf, plain, sorted } from './flow';
import type { Router, Routers } from './routers';
import { childTrouble, type Sa } from './tunnel';

/** One hop on the path of packets, and what happens to them there. */
export interface Hop {
  readonly where: string;
  readonly text: string;
}

/** Packets that arrive, with the hops that they took. */
export interface Arrival {
  readonly flow: Flow;
  readonly hops: readonly Hop[];
  /** The largest packet in bytes that fits through their tunnel. */
  readonly room: number;
}

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
    const stopped = this.stopIn(sa, far, flow);
    if (stopped !== undefined) {
      this.failures.push(stopped);
      return;
    }
    for (const landed of this.translated(flow, far, 'enters')) {
      const lost = loopFailure(far, landed.flow) ?? inwardFailure(sa.peer, far, landed.flow, this.pods);
      if (lost !== undefined) {
        this.failures.push(lost);
        continue;
      }
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

  /** What stops packets that an SA carries, or their answers, before they are translated at the far end. */
  private stopIn(sa: Sa, far: Router, flow: Flow): Failure | undefined {
    const { from, pods } = this;
    const { router, peer } = sa;
    const { source, destination } = flow;
    return (
      forwardingFailure(router, from, flow) ??
      forwardingFailure(peer, far, flow) ??
      outwardFailure(router, from, flow) ??
      // Connection tracking translates answers back. Their path depends on the routes of the far router and of this one.
      outwardFailure(peer, far, { source: destination, destination: source }) ??
      inwardFailure(router, from, flowOf(destination.now, source.sent), pods) ??
      clampFailure(sa, router, from, destination.now) ??
      clampFailure(sa, peer, far, source.now)
    );
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
}

/**
 * Whether packets have the direction that the rules apply to: to the other end if they leave, from it if they enter.
 */
function isItsTraffic({ source, destination }: Flow, { children }: RouterModel, kind: 'enters' | 'leaves'): boolean {
  const far = kind === 'leaves' ? destination.now : source.now;
  return children.some(({ remote }) => common(remote, far) !== undefined);
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
