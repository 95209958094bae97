/** How the last understood list stands. */
export type RolloutState =
  /** It is in force, or there is none yet. */
  | { readonly state: 'settled' }
  /**
   * It is about to be applied: at a certain time, in milliseconds of the steady clock, or when something answers that could
   * confirm it.
   */
  | { readonly state: 'pending'; readonly due?: number; readonly reason?: string }
  /** It was applied, and what was reachable before has to show that it still is. */
  | { readonly state: 'trial' }
  /** It was taken back, and is tried again when what was lost is back. */
  | { readonly state: 'suspended'; readonly reason: string }
  /** It was taken back too often, and is tried again much later. */
  | { readonly state: 'condemned'; readonly reason: string; readonly due: number };
