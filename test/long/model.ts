import { PROTOCOL } from '../lab/testbed';

/** What the kernel holds of a prefix and metric: the gateways, sorted. */
export type Ways = string;

export interface Entry {
  readonly subnet: string;
  readonly metric?: number;
  readonly nextHops?: readonly string[];
  readonly mode?: 'failover';
}

export const familyOf = (subnet: string): 4 | 6 => (subnet.includes(':') ? 6 : 4);

/** Of every route of somebody else: worse than ours unless ours is of IPv6 without a metric. */
const FOREIGN_METRIC = 77;

const metricOf = (key: string): number => Number(key.split(' ')[1]);

/** What the kernel tells our routes apart by; IPv6 makes 1024 of no metric. */
const keyOf = ({ subnet, metric }: Entry): string => `${subnet} ${metric ?? (familyOf(subnet) === 6 ? 1024 : 0)}`;

const isGroup = ({ nextHops = [] }: Entry): boolean => nextHops.length > 1;
const waysOf = (gateways: readonly string[]): Ways => [...gateways].sort().join(' ');

/** What the ConfigMap holds: a list, something that is none, or nothing because it is gone. */
export type Held = { readonly list: readonly Entry[] } | { readonly bad: string } | 'gone';

const listIn = (held: Held) => (held !== 'gone' && 'list' in held ? held.list : undefined);

/**
 * What must be in the kernel at every quiet point, worked out from what happened, with none of the agent's code: a list
 * that was understood is what counts, a route waits where its next hop is unknown, of several next hops those count that
 * answer, and a prefix that somebody else has with a metric as good is left to them.
 */
export class Model {
  held: Held;
  /** What the running agent says of the ConfigMap: what it saw last. */
  known: 'unknown' | 'accepted' | 'rejected' | 'gone' = 'unknown';
  isApiUp = true;
  isRunning = true;
  /** The private network's next hop, as long as the node has an entry for it. */
  readonly nextHop = new Map<4 | 6, string | undefined>();
  /** Next hops that do not answer, of which one in a group never is the last. */
  silent: readonly string[] = [];
  /** Ours in the kernel. */
  own = new Map<string, Ways>();
  /** Other people's routes, by subnet, with the metric 77: their gateway. */
  readonly foreign = new Map<string, string>();
  /** The list that the running agent has understood; undefined for none since its start. */
  private understood: readonly Entry[] | undefined;
  /** The lists that were written since the agent saw one. */
  private unseen: (readonly Entry[])[] = [];
  /** Whether that watch will go on where it broke off, and show what was missed; a new one shows only what there is. */
  private goesOn = false;

  constructor(
    list: readonly Entry[],
    nextHop4: string,
    nextHop6: string,
    /** When steps end to be made. */
    readonly until: number,
  ) {
    this.held = { list };
    this.nextHop.set(4, nextHop4).set(6, nextHop6);
    this.settle();
  }

  /** Whether an agent that knows its list is there to remove what nothing needs. */
  get isTidy(): boolean {
    return this.isRunning && this.understood !== undefined;
  }

  /** Whether none of the lists that the agent is about to see lacks it. */
  isListedThroughout(key: string): boolean {
    return this.unseen.every((list) => list.some((entry) => keyOf(entry) === key));
  }

  /**
   * Whether every route waits for its next hop. The agent cannot confirm a list that has changed nothing yet, and takes
   * it back if the API server is gone once the first route is added.
   */
  get isWaiting(): boolean {
    const { understood = [] } = this;
    return understood.length > 0 && understood.every((entry) => this.waysTo(entry) === undefined);
  }

  put(held: Held): void {
    this.held = held;
    const list = listIn(held);
    if (list !== undefined) this.unseen.push(list);
  }

  /** Watches break or are refused; either way, the agent lists the ConfigMap before it watches again. */
  loseApi(): void {
    this.isApiUp = false;
    this.goesOn = false;
  }

  /** The agent's process ends, and with it all that it knows. */
  end(): void {
    this.isRunning = false;
    this.understood = undefined;
    this.known = 'unknown';
    this.goesOn = false;
  }

  /** Brings `own` to what a running agent makes of all that. */
  settle(): void {
    if (!this.isRunning) return;
    if (this.isApiUp) this.see();
    if (this.understood === undefined) return; // it knows of no list: what is there stays
    const wanted = new Map<string, Ways>();
    for (const entry of this.understood) {
      const key = keyOf(entry);
      const there = this.own.get(key);
      const ways = this.waysTo(entry);
      // What waits stays as it is; else the better metric has the prefix, and a tie goes to the others.
      if (ways !== undefined && this.foreign.has(entry.subnet) && FOREIGN_METRIC <= metricOf(key)) continue;
      const kept = ways ?? there;
      if (kept !== undefined) wanted.set(key, kept);
    }
    this.own = wanted;
  }

  private see(): void {
    const list = listIn(this.held);
    if (this.goesOn) this.understood = this.unseen.at(-1) ?? this.understood;
    this.understood = list ?? this.understood;
    this.known = list !== undefined ? 'accepted' : this.held === 'gone' ? 'gone' : 'rejected';
    this.goesOn = true;
    this.unseen = [];
  }

  /** Those of the silent that the agent knows as silent, since it has others to use instead. */
  get shunned(): string[] {
    const groups = (this.understood ?? []).filter((entry) => this.own.has(keyOf(entry)) && isGroup(entry));
    return this.silent.filter((gateway) => groups.some(({ nextHops }) => nextHops?.includes(gateway)));
  }

  /** Undefined while the next hop is unknown. */
  private waysTo(entry: Entry): Ways | undefined {
    const { subnet, nextHops, mode } = entry;
    if (nextHops === undefined) return this.nextHop.get(familyOf(subnet));
    const usable = isGroup(entry) ? nextHops.filter((gateway) => !this.silent.includes(gateway)) : nextHops;
    return waysOf(mode === 'failover' ? usable.slice(0, 1) : usable);
  }

  /** Ours in words, a line each: what `linesOf` makes of the kernel. */
  lines(): string {
    return [...this.own]
      .map(([key, ways]) => `${key} via ${ways}`)
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

export interface Seen {
  readonly dst: string;
  readonly protocol: string;
  readonly metric?: number;
  readonly gateway?: string;
  readonly nexthops?: readonly { readonly gateway?: string }[];
}

/** Routes of the kernel in the model's words. */
export function linesOf(routes: readonly Seen[]): string {
  return routes
    .map(({ dst, metric, gateway, nexthops }) => {
      const gateways = nexthops?.map((hop) => hop.gateway ?? '?') ?? [gateway ?? '?'];
      return `${dst} ${metric ?? 0} via ${waysOf(gateways)}`;
    })
    .sort()
    .join('\n');
}

export const isOurs = ({ protocol }: Seen): boolean => protocol === String(PROTOCOL);
