import { PROTOCOL } from '../lab/testbed';

/** The gateways of a route in the kernel, sorted. */
export type Gateways = string;

export interface Entry {
  readonly subnet: string;
  readonly metric?: number;
  readonly nextHops?: readonly string[];
  readonly mode?: 'failover';
}

export const familyOf = (subnet: string): 4 | 6 => (subnet.includes(':') ? 6 : 4);

/** The metric of all foreign routes. Only the agent's IPv6 routes without a metric lose against it. */
const FOREIGN_METRIC = 77;

const metricOf = (key: string): number => Number(key.split(' ')[1]);

/** The prefix and metric, by which the kernel tells the agent's routes apart. IPv6 replaces no metric by 1024. */
const keyOf = ({ subnet, metric }: Entry): string => `${subnet} ${metric ?? (familyOf(subnet) === 6 ? 1024 : 0)}`;

const isGroup = ({ nextHops = [] }: Entry): boolean => nextHops.length > 1;
const gatewayText = (gateways: readonly string[]): Gateways => [...gateways].sort().join(' ');

/** What the ConfigMap contains: a list, an invalid list, or nothing because the ConfigMap is deleted. */
export type Content = { readonly list: readonly Entry[] } | { readonly bad: string } | 'gone';

const listIn = (content: Content) => (content !== 'gone' && 'list' in content ? content.list : undefined);

/**
 * The routes that the kernel must hold whenever the agent is idle, computed from the events without the agent's code.
 * The last valid list applies. A route without a known next hop waits. Of several next hops, those that answer are used.
 * A prefix that a foreign route has with an equal or better metric is left to that route.
 */
export class Model {
  content: Content;
  /** The running agent's state of the ConfigMap: what it read last. */
  known: 'unknown' | 'accepted' | 'rejected' | 'gone' = 'unknown';
  isApiUp = true;
  isRunning = true;
  /** The next hop of the private network; undefined while the node has no route to it. */
  readonly nextHop = new Map<4 | 6, string | undefined>();
  /** Next hops that do not answer; never all of a group. */
  silent: readonly string[] = [];
  /** The agent's routes in the kernel. */
  own = new Map<string, Gateways>();
  /** The gateways of foreign routes, by subnet; their metric is 77. */
  readonly foreign = new Map<string, string>();
  /** The last valid list that the running agent has read; undefined if it has read none since its start. */
  private acceptedList: readonly Entry[] | undefined;
  /** The lists that were written since the agent last read one. */
  private unseen: (readonly Entry[])[] = [];
  /** Whether the watch resumes where it broke, and delivers missed events. A new watch delivers only the current state. */
  private resumes = false;

  constructor(
    list: readonly Entry[],
    nextHop4: string,
    nextHop6: string,
    /** When to stop running steps, in milliseconds of performance.now(). */
    readonly until: number,
  ) {
    this.content = { list };
    this.nextHop.set(4, nextHop4).set(6, nextHop6);
    this.settle();
  }

  /** Whether a running agent has a list, and so removes unused routes and objects. */
  get removesUnused(): boolean {
    return this.isRunning && this.acceptedList !== undefined;
  }

  /** Whether every list that the agent is about to read contains the route. */
  isListedThroughout(key: string): boolean {
    return this.unseen.every((list) => list.some((entry) => keyOf(entry) === key));
  }

  /**
   * Whether every route waits for its next hop. The agent cannot confirm a list that has changed nothing yet. If the API
   * server is down when the first route is added, the agent rolls the list back.
   */
  get isWaiting(): boolean {
    const { acceptedList = [] } = this;
    return acceptedList.length > 0 && acceptedList.every((entry) => this.gatewaysOf(entry) === undefined);
  }

  put(content: Content): void {
    this.content = content;
    const list = listIn(content);
    if (list !== undefined) this.unseen.push(list);
  }

  /** Watches break or are refused. In both cases the agent lists the ConfigMap before it watches again. */
  loseApi(): void {
    this.isApiUp = false;
    this.resumes = false;
  }

  /** The agent's process ends and loses its state. */
  end(): void {
    this.isRunning = false;
    this.acceptedList = undefined;
    this.known = 'unknown';
    this.resumes = false;
  }

  /** Updates `own` to the routes that the running agent converges to. */
  settle(): void {
    if (!this.isRunning) return;
    if (this.isApiUp) this.see();
    if (this.acceptedList === undefined) return; // without a list, the agent keeps all routes
    const wanted = new Map<string, Gateways>();
    for (const entry of this.acceptedList) {
      const key = keyOf(entry);
      const there = this.own.get(key);
      const gateways = this.gatewaysOf(entry);
      // A waiting route keeps its state. Otherwise the better metric has the prefix; with equal metrics, the foreign route.
      if (gateways !== undefined && this.foreign.has(entry.subnet) && FOREIGN_METRIC <= metricOf(key)) continue;
      const kept = gateways ?? there;
      if (kept !== undefined) wanted.set(key, kept);
    }
    this.own = wanted;
  }

  private see(): void {
    const list = listIn(this.content);
    if (this.resumes) this.acceptedList = this.unseen.at(-1) ?? this.acceptedList;
    this.acceptedList = list ?? this.acceptedList;
    this.known = list !== undefined ? 'accepted' : this.content === 'gone' ? 'gone' : 'rejected';
    this.resumes = true;
    this.unseen = [];
  }

  /** Silent next hops that the agent knows to be down, because it uses others of their group instead. */
  get markedDown(): string[] {
    const groups = (this.acceptedList ?? []).filter((entry) => this.own.has(keyOf(entry)) && isGroup(entry));
    return this.silent.filter((gateway) => groups.some(({ nextHops }) => nextHops?.includes(gateway)));
  }

  /** undefined while the next hop is unknown */
  private gatewaysOf(entry: Entry): Gateways | undefined {
    const { subnet, nextHops, mode } = entry;
    if (nextHops === undefined) return this.nextHop.get(familyOf(subnet));
    const usable = isGroup(entry) ? nextHops.filter((gateway) => !this.silent.includes(gateway)) : nextHops;
    return gatewayText(mode === 'failover' ? usable.slice(0, 1) : usable);
  }

  /** The agent's routes as text, one per line, in the format of `linesOf`. */
  lines(): string {
    return [...this.own]
      .map(([key, gateways]) => `${key} via ${gateways}`)
      .sort()
      .join('\n');
  }

  foreignLines(): string {
    return [...this.foreign]
      .map(([subnet, gateway]) => `${subnet} 77 via ${gateway}`)
      .sort()
      .join('\n');
  }
}

export interface KernelRoute {
  readonly dst: string;
  readonly protocol: string;
  readonly metric?: number;
  readonly gateway?: string;
  readonly nexthops?: readonly { readonly gateway?: string }[];
}

/** Kernel routes as text, in the model's format. */
export function linesOf(routes: readonly KernelRoute[]): string {
  return routes
    .map(({ dst, metric, gateway, nexthops }) => {
      const gateways = nexthops?.map((hop) => hop.gateway ?? '?') ?? [gateway ?? '?'];
      return `${dst} ${metric ?? 0} via ${gatewayText(gateways)}`;
    })
    .sort()
    .join('\n');
}

export const isOurs = ({ protocol }: KernelRoute): boolean => protocol === String(PROTOCOL);
