/** The state of the last valid list. */
export type RolloutState =
  /** It is in force, or there is none yet. */
  | { readonly state: 'settled' }
  /**
   * It is about to be applied: at a given time, in milliseconds of the steady clock, or once a target answers that can
   * confirm it.
   */
  | { readonly state: 'pending'; readonly due?: number; readonly reason?: string }
  /** It was applied, and the targets that were reachable before must prove to be still reachable. */
  | { readonly state: 'trial' }
  /** It was rolled back, and is retried once the lost targets are back. */
  | { readonly state: 'suspended'; readonly reason: string }
  /** It was rolled back too often, and is retried much later. */
  | { readonly state: 'condemned'; readonly reason: string; readonly due: number };
