import type { ConfigMapWatch } from './api/config-map-watch';
import { isCompanion } from './decide/ownership';
import type { Log } from './log';
import type { Reconciler } from './reconciler';
import type { Rollout } from './rollout';
import type { RouteSource } from './route-source';
import type { Settings } from './settings';

/** Uninstalling deletes the ConfigMap and the pods at about the same time, in any order. */
const LINGER_MS = 3_000;
const GONE_FRESH_MS = 60_000;

export interface DepartureParts {
  readonly onUninstall: Settings['onUninstall'];
  readonly source: Pick<RouteSource, 'state'>;
  readonly rollout: Pick<Rollout, 'unconfirmedBase' | 'restoredWith'>;
  readonly reconciler: Pick<Reconciler, 'run' | 'removeAll'>;
  readonly log: Log;
}

/**
 * What becomes of the routes when the agent ends. They leave only when the ConfigMap is known to be gone for less than
 * 60 s, or becomes so within 3 s: an uninstall. A restart, a drain, lost rights or silence leave them where they are.
 */
export class Departure {
  /** To be called when the ConfigMap is seen to be gone. */
  onGone: () => void = () => undefined;

  constructor(private readonly parts: DepartureParts) {}

  /** @param holdsLock without it nothing in the kernel is ours. */
  async leave(watch: Pick<ConfigMapWatch, 'nudge'>, holdsLock: boolean): Promise<void> {
    if (!holdsLock) return;
    let isRemoved = false;
    if (this.parts.onUninstall === 'remove') {
      if (this.parts.source.state.state !== 'gone') await this.linger(watch);
      isRemoved = this.removeIfGone();
    }
    if (!isRemoved) this.takeBackUnconfirmed();
  }

  /** The next agent would take for granted what it finds in the kernel. */
  private takeBackUnconfirmed(): void {
    const { rollout, reconciler, log } = this.parts;
    const base = rollout.unconfirmedBase;
    if (base === undefined) return;
    try {
      reconciler.run(base, undefined, { isConfirmed: true, restored: rollout.restoredWith(base) });
      log('warn', 'leave.rolled-back', 'stopping before the last change was confirmed; it was taken back');
    } catch (error) {
      log('error', 'leave.failed', `the last change could not be taken back: ${(error as Error).message}`);
    }
  }

  private linger(watch: Pick<ConfigMapWatch, 'nudge'>): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, LINGER_MS);
      this.onGone = () => {
        clearTimeout(timer);
        resolve();
      };
      watch.nudge();
    });
  }

  /** @returns whether it was an uninstall. */
  private removeIfGone(): boolean {
    const { source, reconciler, log } = this.parts;
    const { state } = source;
    if (state.state !== 'gone' || performance.now() - state.since > GONE_FRESH_MS) {
      log('info', 'leave.keep', 'stopping; the routes stay');
      return false;
    }
    try {
      const { done, failed } = reconciler.removeAll();
      const removed = done.filter((change) => change.kind === 'delete-route' && !isCompanion(change.route)).length;
      log('info', 'leave.remove', `the ConfigMap was deleted: ${removed} routes removed`, {
        removed,
        failed: failed.map(({ reason }) => reason).slice(0, 20),
      });
    } catch (error) {
      log('error', 'leave.failed', `the routes could not be removed: ${(error as Error).message}`);
    }
    return true;
  }
}
