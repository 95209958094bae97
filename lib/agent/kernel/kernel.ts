import util = require('node:util');

import type { Family } from '../../network';
import { type NetlinkChannel, NetlinkError, type Request } from '../netlink/channel';
import type { Reader } from '../netlink/codec';
import { RTM_NEWADDR, RTM_NEWLINK, RTM_NEWNEXTHOP, RTM_NEWROUTE } from '../netlink/constants';
import { Recall } from '../netlink/recall';
import * as messages from './messages';
import { askNeighbour, getNeighbour, type Neighbour, type NeighbourKey, readNeighbour } from './neighbour';
import type { Change, KernelRoute, LookupQuestion, Nexthop, Snapshot } from './types';

const FAMILIES: readonly Family[] = [4, 6];

type Routes = Recall<KernelRoute | undefined>;

/**
 * The kernel's routing state, read and changed through one netlink channel. Where all is as it was the last time, what is
 * read is the same object (===).
 */
export class Kernel {
  private last: Snapshot | undefined;
  private readonly routes = { 4: new Recall(messages.readRoute), 6: new Recall(messages.readRoute) };
  /** By the array of questions, which are asked again at each pass. */
  private readonly asked = new WeakMap<readonly LookupQuestion[], { requests: Request[]; answers: Routes }>();

  constructor(private readonly channel: NetlinkChannel) {}

  /** Netlink port under which our own changes appear in events. */
  get port(): number {
    return this.channel.port;
  }

  /** @throws when anything could not be read: then nothing may be concluded from what is missing. */
  read(): Snapshot {
    const links = this.dump(messages.dumpLinks(), RTM_NEWLINK, messages.readLink);
    const now: Snapshot = {
      links: new Map(links.map((link) => [link.index, link])),
      nexthops: this.readNexthops(),
      addresses: this.dump(messages.dumpAddresses(), RTM_NEWADDR, messages.readNodeAddress),
      routes: FAMILIES.flatMap((family) => this.readRoutes(family)),
    };
    // What is told anew in any case (links, addresses, nexthop objects) is little.
    if (!util.isDeepStrictEqual(now, this.last)) this.last = now;
    return this.last as Snapshot;
  }

  readNexthops(): Map<number, Nexthop> {
    const nexthops = this.dump(messages.dumpNexthops(), RTM_NEWNEXTHOP, messages.readNexthop);
    return new Map(nexthops.map((nexthop) => [nexthop.id, nexthop]));
  }

  /** Makes the changes in order. One place per change: undefined for done, or why the kernel refused. */
  apply(changes: readonly Change[], protocol: number): (NetlinkError | undefined)[] {
    return this.channel.change(changes.map((change) => messages.changeRequest(change, protocol)));
  }

  /** Which FIB entry wins for each address; undefined where there is none (ENETUNREACH and the like). */
  lookup(questions: readonly LookupQuestion[]): (KernelRoute | undefined)[] {
    const { requests, answers } = this.asked.get(questions) ?? {
      requests: questions.map(({ address, link }) => messages.lookupRoute(address, link)),
      answers: new Recall(messages.readLookup),
    };
    this.asked.set(questions, { requests, answers });
    return this.channel
      .ask(requests, toldAgain(answers))
      .map((answer) => (answer instanceof NetlinkError ? undefined : answer));
  }

  /**
   * What the kernel knows of neighbours, and makes it ask them all anew: the next call tells who answered.
   * One place per key; undefined where it knows nothing.
   */
  askNeighbours(keys: readonly NeighbourKey[]): (Neighbour | undefined)[] {
    const known = this.channel
      .ask(keys.map(getNeighbour), readNeighbour)
      .map((answer) => (answer instanceof NetlinkError ? undefined : answer));
    // Refused where the link is down: then nobody will answer.
    this.channel.change(keys.flatMap((key, i) => askNeighbour(key, known[i]) ?? []));
    return known;
  }

  /** A kernel without IPv6 answers with routes of the other family. */
  private readRoutes(family: Family): KernelRoute[] {
    const routes = this.dump(messages.dumpRoutes(family), RTM_NEWROUTE, toldAgain(this.routes[family]));
    return routes.filter((route) => route.subnet.family === family);
  }

  private dump<T>(request: Request, type: number, read: (payload: Reader) => T | undefined): T[] {
    return this.channel.dump(request, (answered, payload) => (answered === type ? read(payload) : undefined));
  }
}

/** Reads what the kernel tells anew from here on. */
function toldAgain(routes: Routes): (payload: Reader) => KernelRoute | undefined {
  routes.begin();
  return (payload) => routes.of(messages.withoutCounters(payload));
}
