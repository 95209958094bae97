import { isDeepStrictEqual } from 'node:util';
import { hopKey } from '../../lib/agent/decide/route-hops';
import type { Answer, Change, KernelRoute, LookupQuestion, Nexthop, Snapshot } from '../../lib/agent/kernel/types';
import { NetlinkError } from '../../lib/agent/netlink/channel';
import { type Address, MAIN_TABLE } from '../../lib/network';

const [ENOENT, ESRCH, EEXIST, EINVAL] = [2, 3, 17, 22];

/**
 * The kernel's routing state in memory, for tests. It rejects what the kernel rejects. Like the kernel, it does not protect
 * objects of others, but it records changes to them in `harm`.
 */
export class MemoryKernel {
  /** Changes that the agent must never make. */
  readonly harm: string[] = [];
  readonly applied: Change[] = [];
  /** Rejects further changes: those for which it returns a reason. */
  refuse: (change: Change) => string | undefined = () => undefined;
  private last: Snapshot | undefined;
  private readonly answers = new WeakMap<readonly LookupQuestion[], readonly Answer[]>();
  private routes: KernelRoute[];
  private readonly nexthops: Map<number, Nexthop>;

  constructor(
    private readonly start: Snapshot,
    private readonly isOurs: (object: { readonly protocol: number }) => boolean,
  ) {
    this.routes = [...start.routes];
    this.nexthops = new Map(start.nexthops);
  }

  /** Returns the same object as last time if nothing has changed. */
  read(): Snapshot {
    const now = { ...this.start, routes: [...this.routes], nexthops: new Map(this.nexthops) };
    if (!isDeepStrictEqual(now, this.last)) this.last = now;
    return this.last as Snapshot;
  }

  readNexthops(): Map<number, Nexthop> {
    return new Map(this.nexthops);
  }

  add(...routes: readonly KernelRoute[]): void {
    this.routes.push(...routes);
  }

  remove(matches: (route: KernelRoute) => boolean): void {
    this.routes = this.routes.filter((route) => !matches(route));
  }

  apply(changes: readonly Change[], protocol: number): (NetlinkError | undefined)[] {
    return changes.map((change) => {
      const reason = this.refuse(change);
      const errno = reason === undefined ? this.make(change, protocol) : EINVAL;
      if (errno === undefined) this.applied.push(change);
      return errno === undefined ? undefined : new NetlinkError({ errno, words: reason });
    });
  }

  /** Looks up the main table: longest prefix, then lowest metric. Returns the same object if the answers are the same. */
  lookup(questions: readonly LookupQuestion[]): readonly Answer[] {
    const now = questions.map(({ address }) => winner(this.routes, address) ?? 'ENETUNREACH');
    const before = this.answers.get(questions);
    if (isDeepStrictEqual(now, before)) return before as typeof now;
    this.answers.set(questions, now);
    return now;
  }

  private make(change: Change, protocol: number): number | undefined {
    switch (change.kind) {
      case 'put-nexthop':
        return this.putNexthop({ ...change.nexthop, protocol }, change.replace);
      case 'put-route':
        return this.putRoute(
          { ...change.route, protocol, type: change.route.nexthopId === undefined ? 7 : 1, hops: [] },
          change.replace,
        );
      case 'delete-route':
        return this.deleteRoute(change.route);
      case 'delete-nexthop':
        return this.deleteNexthop(change.nexthop.id);
    }
  }

  private putNexthop(nexthop: Nexthop, replace: boolean): number | undefined {
    const there = this.nexthops.get(nexthop.id);
    if (there !== undefined && !replace) return EEXIST;
    if (nexthop.group?.some(({ id }) => this.nexthops.get(id)?.hop === undefined)) return EINVAL;
    if (there !== undefined) {
      if ((there.group === undefined) !== (nexthop.group === undefined) || there.family !== nexthop.family)
        return EINVAL;
      const users = this.routes.filter(({ nexthopId }) => nexthopId === nexthop.id);
      if (!this.isOurs(there) || !users.every(this.isOurs))
        this.harm.push(`changed the foreign nexthop object ${nexthop.id}`);
    }
    this.nexthops.set(nexthop.id, nexthop);
    return undefined;
  }

  private putRoute(route: KernelRoute, replace: boolean): number | undefined {
    if (route.type === 1 && !this.nexthops.has(route.nexthopId as number)) {
      this.harm.push(`route ${route.subnet} refers to no nexthop object`);
      return EINVAL;
    }
    const place = this.routes.findIndex((other) => sameKey(other, route));
    if (place !== -1 && !replace) return EEXIST;
    const there = this.routes[place];
    if (there === undefined) this.routes.push(route);
    else this.routes[place] = route;
    if (there !== undefined && !this.isOurs(there)) this.harm.push(`replaced ${text(there)}`);
    return undefined;
  }

  private deleteRoute(route: KernelRoute): number | undefined {
    const found = this.routes.find((other) => text(other) === text(route));
    if (found === undefined) return ESRCH;
    if (!this.isOurs(found)) this.harm.push(`deleted ${text(found)}`);
    this.routes = this.routes.filter((other) => other !== found);
    return undefined;
  }

  private deleteNexthop(id: number): number | undefined {
    const there = this.nexthops.get(id);
    if (there === undefined) return ENOENT;
    if (!this.isOurs(there)) this.harm.push(`deleted the foreign nexthop object ${id}`);
    if (this.routes.some(({ nexthopId }) => nexthopId === id))
      this.harm.push(`deleted the nexthop object ${id} while in use`);
    const isMember = [...this.nexthops.values()].some(({ group }) => group?.some((member) => member.id === id));
    if (isMember) this.harm.push(`deleted the nexthop object ${id} while a member of a group`);
    this.nexthops.delete(id);
    this.routes = this.routes.filter(({ nexthopId }) => nexthopId !== id);
    return undefined;
  }
}

export function winner(routes: readonly KernelRoute[], address: Address): KernelRoute | undefined {
  return routes
    .filter(({ subnet, table, qualified }) => table === MAIN_TABLE && !qualified && subnet.contains(address))
    .sort((a, b) => b.subnet.prefixLength - a.subnet.prefixLength || a.metric - b.metric)[0];
}

function sameKey(a: KernelRoute, b: KernelRoute): boolean {
  return a.subnet.equals(b.subnet) && a.table === b.table && a.metric === b.metric && a.qualified === b.qualified;
}

/** All properties by which the kernel tells routes apart. */
export function text({ subnet, table, metric, protocol, type, nexthopId, hops, qualified }: KernelRoute): string {
  const way = nexthopId === undefined ? hops.map(hopKey).join(' ') : `nhid ${nexthopId}`;
  return `${subnet} table ${table} metric ${metric} proto ${protocol} type ${type} ${way}${qualified ? ' qualified' : ''}`;
}
