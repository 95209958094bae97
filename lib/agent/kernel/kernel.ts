import type { Family } from '../../network';
import { type NetlinkChannel, NetlinkError } from '../netlink/channel';
import type { MessageWriter, Reader } from '../netlink/codec';
import { RTM_NEWADDR, RTM_NEWLINK, RTM_NEWNEXTHOP, RTM_NEWROUTE, RTM_NEWRULE } from '../netlink/constants';
import { MessageCache } from '../netlink/message-cache';
import { asStable, Latest, type Stable } from '../stable';
import { writeChange } from './changes';
import * as messages from './messages';
import { askNeighbour, getNeighbour, type Neighbour, type NeighbourKey, questionTo, readNeighbour } from './neighbour';
import { type ProbeChange, type ProbeRule, readProbeRoute, readProbeRule, writeProbeChange } from './probe-objects';
import { dumpRules, readRule } from './rules';
import type { Answer, Change, KernelRoute, LookupQuestion, Nexthop, Snapshot } from './types';

type Routes = MessageCache<KernelRoute | undefined>;
type Answers = Stable<readonly Answer[]>;

/**
 * The kernel's routing state, read and changed through one netlink channel.
 */
export class Kernel {
  private readonly last = new Latest<Snapshot>();
  private readonly routes = { 4: new MessageCache(messages.readRoute), 6: new MessageCache(messages.readRoute) };
  /** Cached by the array of questions, which each pass asks again. */
  private readonly asked = new WeakMap<readonly LookupQuestion[], { routes: Routes; answers: Answers }>();

  constructor(private readonly channel: NetlinkChannel) {}

  /** @throws if anything could not be read, because then a missing object proves nothing. */
  read(): Stable<Snapshot> {
    const links = this.dump(messages.dumpLinks, RTM_NEWLINK, messages.readLink);
    return this.last.of({
      links: new Map(links.map((link) => [link.index, link])),
      nexthops: this.readNexthops(),
      addresses: this.dump(messages.dumpAddresses, RTM_NEWADDR, messages.readNodeAddress),
      rules: this.dump(dumpRules, RTM_NEWRULE, readRule),
      routes: [...this.readRoutes(4), ...this.readRoutes(6)],
    });
  }

  readNexthops(): Map<number, Nexthop> {
    const nexthops = this.dump(messages.dumpNexthops, RTM_NEWNEXTHOP, messages.readNexthop);
    return new Map(nexthops.map((nexthop) => [nexthop.id, nexthop]));
  }

  /** Makes changes in order. @returns one entry per change: undefined if done, or why the kernel rejected it. */
  apply(changes: readonly Change[], protocol: number): (NetlinkError | undefined)[] {
    return this.channel.change(changes, (w, change) => writeChange(w, change, protocol));
  }

  /** The winning FIB entry for each question, or why there is none. */
  lookup(questions: readonly LookupQuestion[]): Answers {
    const before = this.asked.get(questions);
    const routes = before?.routes ?? new MessageCache(messages.readLookup);
    const now = this.channel
      .ask(questions, messages.lookUp, cachedReader(routes))
      .map((answer) => (answer instanceof NetlinkError ? answer.code : (answer ?? 'EAFNOSUPPORT')));
    const answers = before?.answers.every((answer, i) => answer === now[i]) ? before.answers : asStable(now);
    this.asked.set(questions, { routes, answers });
    return answers;
  }

  /**
   * What the kernel knows about each neighbour. Also makes the kernel query all of them again; the next call shows
   * which ones answered.
   */
  askNeighbours(keys: readonly NeighbourKey[]): (Neighbour | undefined)[] {
    const known = this.channel
      .ask(keys, getNeighbour, readNeighbour)
      .map((answer) => (answer instanceof NetlinkError ? undefined : answer));
    // Rejected if the link is down; then no neighbour answers.
    this.channel.change(
      keys.flatMap((key, i) => questionTo(key, known[i]) ?? []),
      askNeighbour,
    );
    return known;
  }

  /** The rules and routes for probes, of all agents on this node. */
  readProbeObjects(): { readonly rules: readonly ProbeRule[]; readonly routes: readonly KernelRoute[] } {
    const read = (family: Family) =>
      this.dump((w) => messages.dumpRoutes(w, family), RTM_NEWROUTE, readProbeRoute).filter(
        ({ subnet }) => subnet.family === family,
      );
    return { rules: this.dump(dumpRules, RTM_NEWRULE, readProbeRule), routes: [...read(4), ...read(6)] };
  }

  /** Makes changes in order. @returns one entry per change: undefined if done, or why the kernel rejected it. */
  applyProbes(changes: readonly ProbeChange[]): (NetlinkError | undefined)[] {
    return this.channel.change(changes, writeProbeChange);
  }

  /** A kernel without IPv6 answers with IPv4 routes. */
  private readRoutes(family: Family): KernelRoute[] {
    const read = cachedReader(this.routes[family]);
    return this.dump(
      (w) => messages.dumpRoutes(w, family),
      RTM_NEWROUTE,
      (payload) => {
        const route = read(payload);
        return route?.subnet.family === family ? route : undefined;
      },
    );
  }

  private dump<T>(write: (w: MessageWriter) => void, type: number, read: (payload: Reader) => T | undefined): T[] {
    return this.channel.dump(write, (answered, payload) => (answered === type ? read(payload) : undefined));
  }
}

/** Reads messages that the kernel is about to send again, possibly unchanged. */
function cachedReader(routes: Routes): (payload: Reader) => KernelRoute | undefined {
  routes.start();
  return (payload) => {
    const times = messages.readTimes(payload);
    return messages.isExpired(times) ? undefined : routes.get(payload, times);
  };
}
