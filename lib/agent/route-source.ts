import {
  type Address,
  type Finding,
  Findings,
  parseRouteList,
  parseServerList,
  type RouteList,
  type RouteRules,
  refuse,
} from '../network';
import type { ConfigMapState } from '../program/api/watch-event';

/** The state of a ConfigMap that differs from the list that came with the pod. */
export const DIFFERS = "differs from the pod's list, which stays in force until a rolling update replaces the pod";

/** The state of the ConfigMap's list. */
export type ListState =
  | { readonly state: 'unknown' }
  | { readonly state: 'accepted'; readonly version: string }
  | { readonly state: 'rejected'; readonly version: string; readonly findings: readonly Finding[] }
  /** When its deletion became known (milliseconds of a steady clock). */
  | { readonly state: 'gone'; readonly since: number };

const NO_SERVERS = '[]';

/** The list that came with the pod, and its state. */
interface Pinned {
  readonly text: string | undefined;
  readonly state: ListState;
}

/** The last valid list, and the state of what the API server has now. */
export class RouteSource {
  /** Kept despite invalid lists, a deleted ConfigMap and a silent API server: only a valid list changes routes. */
  list: RouteList | undefined;
  /** The text it was read from. */
  text = '';
  /** Addresses outside the list that its routes must reach. */
  servers: readonly Address[] = [];
  state: ListState = { state: 'unknown' };
  /**
   * Identifies the state. A version alone does not, because after etcd is restored from a backup, the same version may
   * have another text.
   */
  private seen: string | undefined;
  /** Whether the ConfigMap differs from the list that came with the pod. */
  differs = false;
  accepted = 0;
  rejected = 0;
  private pinned: Pinned | undefined;

  constructor(
    private readonly rules: RouteRules,
    private readonly now: () => number,
  ) {}

  /** Takes the list that came with the pod. From then on the ConfigMap is only compared with it. */
  pin(text: string | undefined): void {
    this.read(text ?? '', NO_SERVERS, 'pod template');
    this.seen = `${NO_SERVERS}${text}`;
    this.pinned = { text, state: this.state };
  }

  /** @returns whether anything is new. */
  update(configMap: ConfigMapState): boolean {
    if (configMap.kind === 'gone') {
      if (this.state.state === 'gone') return false;
      this.state = { state: 'gone', since: this.now() };
      return true;
    }
    const { version, data } = configMap;
    const { routes: text, servers = NO_SERVERS } = data;
    const { state, pinned } = this;
    const isJudged = state.state === 'accepted' || state.state === 'rejected';
    const seen = `${servers}${text}`;
    const isKnown = this.seen === seen;
    this.seen = seen;
    if (pinned !== undefined) return this.compare(text, servers, pinned) || !isKnown;
    if (isJudged && state.version === version && isKnown) return false;
    this.read(text, servers, version);
    return true;
  }

  /** A pod contains its list, but not the servers. */
  private compare(text: string | undefined, servers: string, pinned: Pinned): boolean {
    const before = this.state.state;
    this.differs = text !== pinned.text;
    const findings = new Findings();
    this.servers = findings.attempt('', () => parseServerList(servers)) ?? this.servers;
    const isBad = findings.all.length > 0 && pinned.state.state === 'accepted';
    this.state = isBad ? { ...pinned.state, state: 'rejected', findings: findings.all } : pinned.state;
    return this.state.state !== before;
  }

  private read(text: string | undefined, servers: string, version: string): void {
    const findings = new Findings();
    const list = findings.attempt('', () => this.parse(text));
    const addresses = findings.attempt('', () => parseServerList(servers));
    if (list === undefined || addresses === undefined) {
      this.rejected++;
      this.state = { state: 'rejected', version, findings: findings.all };
      return;
    }
    this.list = list;
    this.text = text as string;
    this.servers = addresses;
    this.accepted++;
    this.state = { state: 'accepted', version };
  }

  private parse(text: string | undefined): RouteList {
    if (text === undefined)
      throw refuse(null, 'is missing: the ConfigMap has no key routes', 'write routes: "[]" for no routes');
    return parseRouteList(text, this.rules);
  }
}
