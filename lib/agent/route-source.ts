import { type Finding, InputError, parseRouteList, type RouteList, type RouteRules, refuse } from '../network';
import type { Sighting } from './api/watch-event';

/** How the list of the ConfigMap stands. */
export type ListState =
  | { readonly state: 'unknown' }
  | { readonly state: 'accepted'; readonly version: string }
  | { readonly state: 'rejected'; readonly version: string; readonly findings: readonly Finding[] }
  /** Known to be deleted since this time (milliseconds of a steady clock). */
  | { readonly state: 'gone'; readonly since: number };

/** The last list that was understood, and how what the API server shows now stands. */
export class RouteSource {
  /** Kept through bad lists, a deleted ConfigMap and silence: only a list that was understood changes routes. */
  list: RouteList | undefined;
  /** The text it was read from. */
  text = '';
  state: ListState = { state: 'unknown' };
  /** What the state is about. A version alone does not tell: after a restored backup of etcd it names another text. */
  private seen: string | undefined;
  accepted = 0;
  rejected = 0;

  constructor(
    private readonly rules: RouteRules,
    private readonly now: () => number,
  ) {}

  /** @returns whether anything is new. */
  see(sighting: Sighting): boolean {
    if (sighting.kind === 'gone') {
      if (this.state.state === 'gone') return false;
      this.state = { state: 'gone', since: this.now() };
      return true;
    }
    const { version, text } = sighting;
    const { state } = this;
    const isJudged = state.state === 'accepted' || state.state === 'rejected';
    if (isJudged && state.version === version && this.seen === text) return false;
    this.seen = text;
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
    return true;
  }

  private parse(text: string | undefined): RouteList {
    if (text === undefined)
      throw refuse(null, 'stands where the ConfigMap should have the key routes', 'write routes: "[]" for no routes');
    return parseRouteList(text, this.rules);
  }
}
