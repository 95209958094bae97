import type { WatchState } from '../../program/api/config-map-watch';
import type { HealthState } from '../decide/next-hop-health';
import type { PodsWay } from '../decide/pods';
import type { WatchedNetwork } from '../path-monitor';
import type { Outcome } from '../reconciler';
import type { RolloutState } from '../rollout-state';
import type { ListState } from '../route-source';
import type { ReversePathFilter } from './reverse-path';

/** Everything known at the time of a request. */
export interface Facts {
  readonly instance: string;
  readonly nodeName: string;
  readonly configMap: string;
  readonly protocol: number;
  readonly list: ListState;
  readonly rollout: RolloutFacts;
  /** For a list that came with the pod. */
  readonly pinned: PinnedFacts | undefined;
  readonly duplicates: readonly string[];
  readonly watch: WatchState;
  /** Who holds the lock of our protocol number, if not us. */
  readonly lockHolder: string | undefined;
  /** Why the last pass failed, if so. */
  readonly passError: string | undefined;
  readonly outcome: Outcome | undefined;
  /** The way of pods' packets. */
  readonly pods: PodsWay;
  /** Whether a node is unready while they are known to take another way. */
  readonly requirePods: boolean;
  readonly nextHops: readonly NextHopFacts[];
  readonly networks: readonly WatchedNetwork[];
  /** Whether a node is unready while one of them is unreachable. */
  readonly requireReachable: boolean;
  readonly counters: Counters;
  readonly reversePathFilters: readonly ReversePathFilter[];
  readonly reversePathDrops: number | undefined;
}

/** The state of the last valid list. While it is suspended or condemned, the previous one is in force. */
export interface RolloutFacts {
  readonly state: RolloutState['state'];
  /** Why it was rolled back, or what it waits for. */
  readonly reason?: string;
  /** Time until it is tried or retried. */
  readonly seconds?: number;
}

/** Whether the list was rolled back and the previous one is in force. */
export function isTakenBack({ state }: RolloutFacts): boolean {
  return state === 'suspended' || state === 'condemned';
}

interface PinnedFacts {
  /** It is applied, possibly on trial. */
  readonly isInForce: boolean;
  /** The ConfigMap differs. */
  readonly differs: boolean;
}

interface NextHopFacts {
  readonly nextHop: string;
  readonly interface: string;
  readonly state: HealthState;
  /** How long it has been in this state. */
  readonly seconds: number;
}

export interface Counters {
  readonly listsAccepted: number;
  readonly listsRejected: number;
  /** Changes that were rolled back because the node could no longer reach a target. */
  readonly rollbacks: number;
  /** Changes made because the kernel's state had drifted. */
  readonly repairs: number;
  /** All changes made. */
  readonly changes: number;
  /** ISO 8601; undefined if nothing was changed since the start. */
  readonly lastChange: string | undefined;
}
