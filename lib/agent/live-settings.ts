import { type Destination, destinationsOf } from './decide/destinations';
import type { Ownership } from './decide/ownership';
import type { Settings } from './settings';

/** Settings that can change while the agent runs. */
export interface LiveSettings {
  /** What is ours; it grows when another pool's routes are taken over. */
  ownership: Ownership;
  /** What the routes must reach; the same array as long as nothing changes. */
  destinations: readonly Destination[];
}

export function liveSettings({ ownership, confirm }: Settings): LiveSettings {
  return { ownership, destinations: destinationsOf([], confirm) };
}
