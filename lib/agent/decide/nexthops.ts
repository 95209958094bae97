import { type Family, routeKey } from '../../network';
import type { Change, Hop, KernelRoute, Nexthop, Snapshot } from '../kernel/types';
import { hopKey, hopSetKey } from './hops';
import { isOwn, type Ownership } from './ownership';
import type { ResolvedRoute } from './resolve';

/** A nexthop object that is not numbered yet. */
type Content = Omit<Nexthop, 'id' | 'protocol'>;

/**
 * Gives each set of hops one nexthop object. Nothing is remembered between two runs, all follows from what the kernel
 * holds: an object of ours with the same content is used as it is; one whose routes all want the same new set is
 * changed in place, which moves them by one message without an instant in which a lookup misses; else one is made.
 */
export class NexthopAssignment {
  /** Objects to put, members of a group before it. */
  readonly changes: Change[] = [];
  private readonly ids = new Map<string, number>();
  private readonly claimed = new Set<number>();
  private readonly mine: readonly Nexthop[];
  private readonly members: ReadonlySet<number>;

  constructor(
    resolved: readonly ResolvedRoute[],
    own: ReadonlyMap<string, KernelRoute>,
    private readonly snapshot: Snapshot,
    private readonly ownership: Ownership,
  ) {
    this.mine = [...snapshot.nexthops.values()].filter(({ protocol }) => protocol === ownership.protocol);
    this.members = groupMembers(snapshot.nexthops.values());
    const users = usersOf(resolved, own);
    const sets = new Map(
      resolved.map(({ route, hops }) => [setKey(route.subnet.family, hops), { family: route.subnet.family, hops }]),
    );
    const wanted = [...sets.values()].flatMap(({ family, hops }) =>
      hops.map((hop) => ({ family, hop: { ...hop, weight: 1 } })),
    );
    this.claimExact(wanted.map(({ family, hop }) => contentKey({ family, hop })));
    for (const { family, hop } of wanted) this.assign(setKey(family, [hop]), { family, hop }, users);
    for (const [key, { family, hops }] of sets)
      if (hops.length > 1) this.assign(key, { group: this.groupOf(family, hops) }, users);
  }

  /** The object for hops of routes of one family. */
  idOf(family: Family, hops: readonly Hop[]): number {
    return this.ids.get(setKey(family, hops)) as number;
  }

  /** Objects of ours that nothing will refer to once `changes` are made; groups before their members. */
  unused(changes: readonly Change[]): Change[] {
    const gone = new Set(changes.flatMap((change) => (change.kind === 'delete-route' ? [change.route] : [])));
    const rewritten = new Set(
      changes.flatMap((change) => (change.kind === 'put-route' ? [routeKey(change.route)] : [])),
    );
    const referred = new Set<number>(this.claimed);
    for (const route of this.snapshot.routes) {
      const stays = !gone.has(route) && !(isOwn(route, this.ownership) && rewritten.has(routeKey(route)));
      if (route.nexthopId !== undefined && stays) referred.add(route.nexthopId);
    }
    const isUnused = (nexthop: Nexthop) => isOwn(nexthop, this.ownership) && !referred.has(nexthop.id);
    const all = [...this.snapshot.nexthops.values()];
    const groups = all.filter((nexthop) => nexthop.group !== undefined && isUnused(nexthop));
    const keptMembers = groupMembers(all.filter((nexthop) => !groups.includes(nexthop)));
    const singles = all.filter(
      (nexthop) => nexthop.group === undefined && isUnused(nexthop) && !keptMembers.has(nexthop.id),
    );
    return [...groups, ...singles].map((nexthop) => ({ kind: 'delete-nexthop', nexthop }));
  }

  /** What is wanted as it is must not be changed into something else. */
  private claimExact(keys: readonly string[]): void {
    for (const key of keys) {
      const exact = this.mine.find((nexthop) => contentKey(nexthop) === key);
      if (exact !== undefined) this.claimed.add(exact.id);
    }
  }

  private assign(key: string, content: Content, users: ReadonlyMap<number, ReadonlySet<string>>): void {
    if (this.ids.has(key)) return;
    const exact = this.mine.find((nexthop) => contentKey(nexthop) === contentKey(content));
    const reused = exact ?? this.mine.find((nexthop) => this.canBecome(nexthop, key, content, users));
    const id = reused?.id ?? this.freeId();
    this.ids.set(key, id);
    this.claimed.add(id);
    if (exact !== undefined) return;
    const nexthop = { ...content, id, protocol: this.ownership.protocol };
    this.changes.push({ kind: 'put-nexthop', nexthop, replace: reused !== undefined });
  }

  /** All its routes want the new content, no group counts on the old one, and the kernel allows the change. */
  private canBecome(
    nexthop: Nexthop,
    key: string,
    content: Content,
    users: ReadonlyMap<number, ReadonlySet<string>>,
  ): boolean {
    const wants = users.get(nexthop.id);
    const sameKind =
      nexthop.family === content.family && (nexthop.group === undefined) === (content.group === undefined);
    return (
      sameKind && !this.claimed.has(nexthop.id) && !this.members.has(nexthop.id) && wants?.size === 1 && wants.has(key)
    );
  }

  private groupOf(family: Family, hops: readonly Hop[]): { id: number; weight: number }[] {
    return hops.map((hop) => ({ id: this.idOf(family, [{ ...hop, weight: 1 }]), weight: hop.weight }));
  }

  /** Numbers of ours start with the protocol number, so that people see whose an object is. */
  private freeId(): number {
    let id = this.ownership.protocol * 0x1000000 + 1;
    while (this.snapshot.nexthops.has(id) || this.claimed.has(id)) id++;
    return id;
  }
}

const setKey = (family: Family, hops: readonly Hop[]): string => `${family} ${hopSetKey(hops)}`;

function contentKey({ family, hop, group }: Content): string {
  if (hop !== undefined) return `${family} ${hopKey(hop)}`;
  return `group ${(group ?? [])
    .map(({ id, weight }) => `${id}*${weight}`)
    .sort()
    .join(' ')}`;
}

/** For each object in use by our routes, the sets that these routes want. */
function usersOf(resolved: readonly ResolvedRoute[], own: ReadonlyMap<string, KernelRoute>): Map<number, Set<string>> {
  const users = new Map<number, Set<string>>();
  for (const { route, hops } of resolved) {
    const id = own.get(routeKey(route))?.nexthopId;
    if (id === undefined) continue;
    const wants = users.get(id) ?? new Set<string>();
    users.set(id, wants.add(setKey(route.subnet.family, hops)));
  }
  return users;
}

function groupMembers(nexthops: Iterable<Nexthop>): Set<number> {
  return new Set([...nexthops].flatMap(({ group }) => (group ?? []).map(({ id }) => id)));
}
