import { type Finding, InputError, parseRouteList, type RouteList, type RouteRules, refuse } from '../network';
import type { Sighting } from './api/watch-event';

/** What a ConfigMap does that says something else than the list that came with the pod. */
export const DIFFERS = "differs from the pod's list, which stays in force until a rolling update replaces the pod";

/** How the list of the ConfigMap stands. */
export type ListState =
  | { readonly state: 'unknown' }
  | { readonly state: 'accepted'; readonly version: string }
  | { readonly state: 'rejected'; readonly version: string; readonly findings: readonly Finding[] }
  /** Known to be deleted since this time (milliseconds of a steady clock). */
  | { readonly state: 'gone'; readonly since: number };

/** The list that came with the pod, and how it stands. */
interface Pinned {
  readonly text: string | undefined;
  readonly state: ListState;
}

/** The last list that was understood, and how what the API server shows now stands. */
export class RouteSource {
  /** Kept through bad lists, a deleted ConfigMap and silence: only a list that was understood changes routes. */
  list: RouteList | undefined;
  /** The text it was read from. */
  text = '';
  state: ListState = { state: 'unknown' };
  /** What the state is about. A version alone does not tell: after a restored backup of etcd it names another text. */
  private seen: string | undefined;
  /** Whether the ConfigMap says something else than the list that came with the pod. */
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
    this.read(text ?? '', 'pod template');
    this.pinned = { text, state: this.state };
  }

  /** @returns whether anything is new. */
  see(sighting: Sighting): boolean {
    if (sighting.kind === 'gone') {
      if (this.state.state === 'gone') return false;
      this.state = { state: 'gone', since: this.now() };
      return true;
    }
    const { version, text } = sighting;
    if (this.pinned !== undefined) return this.compare(text, this.pinned);
    const { state } = this;
    const isJudged = state.state === 'accepted' || state.state === 'rejected';
    if (isJudged && state.version === version && this.seen === text) return false;
    this.seen = text;
    this.read(text, version);
    return true;
  }

  private compare(text: string | undefined, pinned: Pinned): boolean {
    const differs = text !== pinned.text;
    const isNews = differs !== this.differs || this.state !== pinned.state;
    this.differs = differs;
    this.state = pinned.state;
    return isNews;
  }

  private read(text: string | undefined, version: string): void {
    try {
      this.list = this.parse(text);
      this.text = text as string;
      this.accepted++;
      this.state = { state: 'accepted', version };
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      this.rejected++;
      this.state = { state: 'rejected', version, findings: error.findings };
    }
  }

  private parse(text: string | undefined): RouteList {
    if (text === undefined)
      throw refuse(null, 'stands where the ConfigMap should have the key routes', 'write routes: "[]" for no routes');
    return parseRouteList(text, this.rules);
  }
}
