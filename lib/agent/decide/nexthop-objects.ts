import { type Family, routeKey } from '../../network';
import type { Change, Hop, KernelRoute, Nexthop, PutNexthop, PutRoute, Snapshot } from '../kernel/types';
import { alone, type Content, contentKey, isGroup, SetKeys, type Traits, traitsOf } from './nexthop-keys';
import { isOwn, type Ownership } from './ownership';
import type { ResolvedRoute, Way } from './resolve';

/** A wanted route, with our existing route, if any. */
interface InstalledWay extends ResolvedRoute {
  readonly own: KernelRoute | undefined;
}

/** By object, the attributes of its routes. */
type TraitsById = ReadonlyMap<number, ReadonlySet<Traits>>;

/** A set of hops for routes of one family that may share an object. */
interface HopSet {
  readonly family: Family;
  readonly way: Way;
  readonly traits: Traits;
}

/**
 * Assigns one nexthop object to each set of hops, and separate ones to routes with their own MTU or source. It keeps no
 * state between runs; everything follows from the kernel's state. An object of ours with the same content is used as it
 * is. An object whose routes all want the same new set is changed in place, which moves them with one message and
 * without a failed lookup in between. Otherwise, a new object is created.
 */
export class NexthopObjects {
  /** Objects to put, members of a group before it. */
  readonly changes: PutNexthop[] = [];
  /** By set of hops. */
  private readonly ids = new Map<string, number>();
  private readonly claimed = new Set<number>();
  /** Our objects by content. Several have the same content if different sets became equal. */
  private readonly mine = new Map<string, Nexthop[]>();
  private reusable: ReadonlyMap<string, readonly Nexthop[]> | undefined;
  private traits: TraitsById | undefined;
  /** Objects of routes that stay as they are. */
  private staying: TraitsById | undefined;
  private readonly setKeys = new SetKeys();
  private lastId: number;

  constructor(
    private readonly installed: readonly InstalledWay[],
    private readonly leaving: ReadonlySet<KernelRoute>,
    private readonly snapshot: Snapshot,
    private readonly ownership: Ownership,
  ) {
    for (const nexthop of snapshot.nexthops.values()) {
      if (nexthop.protocol !== ownership.protocol) continue;
      const key = contentKey(nexthop);
      this.mine.set(key, [...(this.mine.get(key) ?? []), nexthop]);
    }
    this.lastId = ownership.protocol * 0x1000000;
    const sets = this.distinctSets();
    const singles = [...sets.values()].flatMap((set) => set.way.hops.map((hop) => this.single(set, hop)));
    this.assignAll(singles);
    const groups = [...sets].filter(([, { way }]) => isGroup(way));
    this.assignAll(groups.map(([key, set]) => ({ key, traits: set.traits, content: { group: this.groupOf(set) } })));
  }

  private distinctSets(): Map<string, HopSet> {
    const sets = new Map<string, HopSet>();
    for (const each of this.installed) {
      const key = this.setKeys.ofRoute(each);
      if (!sets.has(key))
        sets.set(key, { family: each.route.subnet.family, way: each.way, traits: traitsOf(each.route) });
    }
    return sets;
  }

  /** The object of a route. */
  idOf(route: ResolvedRoute): number {
    return this.ids.get(this.setKeys.ofRoute(route)) as number;
  }

  /** Our objects that nothing refers to after `changes`, `puts` and `deleted`; groups before their members. */
  unused(puts: readonly PutRoute[], deleted: readonly KernelRoute[]): Change[] {
    const gone = new Set(deleted);
    let rewritten: ReadonlySet<string> | undefined; // large, and rarely needed
    const isRewritten = (route: KernelRoute) => {
      rewritten ??= new Set(puts.map((put) => routeKey(put.route)));
      return rewritten.has(routeKey(route));
    };
    const referred = new Set<number>(this.claimed);
    for (const route of this.snapshot.routes) {
      if (route.nexthopId === undefined || referred.has(route.nexthopId) || gone.has(route)) continue;
      if (!isOwn(route, this.ownership) || !isRewritten(route)) referred.add(route.nexthopId);
    }
    const isUnused = (nexthop: Nexthop) => isOwn(nexthop, this.ownership) && !referred.has(nexthop.id);
    const rewrittenObjects = this.changes.map(({ nexthop }) => nexthop);
    const all = [
      ...new Map([...this.snapshot.nexthops.values(), ...rewrittenObjects].map((each) => [each.id, each])).values(),
    ];
    const groups = new Set(all.filter((nexthop) => nexthop.group !== undefined && isUnused(nexthop)));
    const keptMembers = groupMembers(all.filter((nexthop) => !groups.has(nexthop)));
    const singles = all.filter(
      (nexthop) => nexthop.group === undefined && isUnused(nexthop) && !keptMembers.has(nexthop.id),
    );
    return [...groups, ...singles].map((nexthop) => ({ kind: 'delete-nexthop', nexthop }));
  }

  private assignAll(wanted: readonly Wanted[]): void {
    // An object that is wanted as it is must not be changed into another one.
    const exacts = new Map<string, Nexthop>();
    for (const each of wanted) {
      const exact = exacts.get(each.key) ?? this.exactOf(each);
      if (exact === undefined) continue;
      exacts.set(each.key, exact);
      this.claimed.add(exact.id);
    }
    for (const { key, content } of wanted) this.assign(key, content, exacts.get(key));
  }

  /**
   * An object with the wanted content, if possible one that requires no route to be written. Groups that are equal for
   * a while stay separate, so that one message makes them different again.
   */
  private exactOf({ key, traits, content }: Wanted): Nexthop | undefined {
    const alike = (this.mine.get(contentKey(content)) ?? []).filter(({ id }) => !this.claimed.has(id));
    if (alike.length === 0) return undefined;
    const isGroup = content.group !== undefined;
    const reusable = this.reusableFor(key);
    const fitting = this.fitting(alike, traits);
    const own = fitting.find((each) => reusable.includes(each)) ?? (isGroup ? undefined : fitting[0]);
    const alikeReusable = own ?? alike.find((each) => reusable.includes(each));
    return (
      alikeReusable ?? (isGroup && reusable.some((each) => this.canBecome(each, content)) ? undefined : fitting[0])
    );
  }

  /**
   * Objects whose routes (also through a group) have these traits, then those without routes. Excluded are objects of a
   * route with other traits that stays as it is, because it is foreign or its next hop is not known now.
   */
  private fitting(nexthops: readonly Nexthop[], traits: Traits): Nexthop[] {
    this.traits ??= this.traitsById(() => true);
    const all = this.traits;
    const same = nexthops.filter(({ id }) => {
      const present = all.get(id);
      return present?.has(traits) && (present.size === 1 || this.isFreeOfOthers(id, traits));
    });
    return [...same, ...nexthops.filter(({ id }) => !all.has(id))];
  }

  /** An object of routes with different traits is rare: an earlier version shared them. */
  private isFreeOfOthers(id: number, traits: Traits): boolean {
    if (this.staying === undefined) {
      const wanted = new Set(this.installed.map(({ own }) => own));
      this.staying = this.traitsById((route) => !wanted.has(route));
    }
    return [...(this.staying.get(id) ?? [])].every((other) => other === traits);
  }

  private traitsById(counts: (route: KernelRoute) => boolean): TraitsById {
    const found = new Map<number, Set<Traits>>();
    const add = (id: number, traits: Traits) => {
      const known = found.get(id);
      if (known === undefined) found.set(id, new Set([traits]));
      else known.add(traits);
    };
    for (const route of this.snapshot.routes)
      if (route.nexthopId !== undefined && !this.leaving.has(route) && counts(route))
        add(route.nexthopId, traitsOf(route));
    for (const { id, group = [] } of this.snapshot.nexthops.values())
      for (const member of group) for (const traits of found.get(id) ?? []) add(member.id, traits);
    return found;
  }

  private assign(key: string, content: Content, exact: Nexthop | undefined): void {
    if (this.ids.has(key)) return;
    const reused = exact ?? this.reusableFor(key).find((each) => this.canBecome(each, content));
    const id = reused?.id ?? this.freeId();
    this.ids.set(key, id);
    this.claimed.add(id);
    if (exact !== undefined) return;
    const nexthop = { ...content, id, protocol: this.ownership.protocol };
    this.changes.push({ kind: 'put-nexthop', nexthop, replace: reused !== undefined });
  }

  /** The kernel can change neither an object's family nor a single object into a group. */
  private canBecome({ id, family, group }: Nexthop, content: Content): boolean {
    const sameKind = family === content.family && (group === undefined) === (content.group === undefined);
    return sameKind && !this.claimed.has(id);
  }

  /**
   * Objects that may be changed in place to a set of hops: all of their routes want it, and no group wants the old
   * content.
   */
  private reusableFor(key: string): readonly Nexthop[] {
    this.reusable ??= this.findReusable();
    return this.reusable.get(key) ?? [];
  }

  private findReusable(): Map<string, Nexthop[]> {
    const wishes = this.wishes();
    const members = groupMembers(this.snapshot.nexthops.values());
    const reusable = new Map<string, Nexthop[]>();
    for (const nexthop of [...this.mine.values()].flat()) {
      const [wish, ...others] = wishes.get(nexthop.id) ?? [];
      if (wish === undefined || others.length > 0 || members.has(nexthop.id)) continue;
      const sameWish = reusable.get(wish);
      if (sameWish === undefined) reusable.set(wish, [nexthop]);
      else sameWish.push(nexthop);
    }
    return reusable;
  }

  /**
   * By object, what its routes want. A route without a wanted set stays as it is: its next hop is not known now, or the
   * route is not ours.
   */
  private wishes(): Map<number, Set<string | undefined>> {
    const wishOf = new Map<KernelRoute, string>();
    for (const { own, route, way } of this.installed)
      if (own !== undefined) wishOf.set(own, this.setKeys.ofRoute({ route, way }));
    const wishes = new Map<number, Set<string | undefined>>();
    for (const route of this.snapshot.routes) {
      if (route.nexthopId === undefined || this.leaving.has(route)) continue;
      const known = wishes.get(route.nexthopId);
      if (known === undefined) wishes.set(route.nexthopId, new Set([wishOf.get(route)]));
      else known.add(wishOf.get(route));
    }
    return wishes;
  }

  private single({ family, traits }: HopSet, hop: Hop): Wanted {
    // An IPv4 route may use an IPv6 next hop, whose object has the family of the next hop.
    const content = { family: hop.gateway?.family ?? family, hop: alone(hop) };
    return { key: this.setKeys.of(family, { hops: [hop] }, traits), traits, content };
  }

  private groupOf(set: HopSet): { id: number; weight: number }[] {
    return set.way.hops.map((hop) => ({ id: this.ids.get(this.single(set, hop).key) as number, weight: hop.weight }));
  }

  /** Our object numbers start with the protocol number, so that people can see the owner of an object. */
  private freeId(): number {
    do this.lastId++;
    while (this.snapshot.nexthops.has(this.lastId));
    return this.lastId;
  }
}

interface Wanted {
  /** Of the set of hops. */
  readonly key: string;
  readonly traits: Traits;
  readonly content: Content;
}

function groupMembers(nexthops: Iterable<Nexthop>): Set<number> {
  return new Set([...nexthops].flatMap(({ group }) => (group ?? []).map(({ id }) => id)));
}
