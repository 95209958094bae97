import type { ConfigMapWatch } from '../program/api/config-map-watch';
import type { Log } from '../program/log';
import { isCompanion } from './decide/ownership';
import type { OwnObjects } from './own-objects';
import type { Reconciler } from './reconciler';
import type { Rollout } from './rollout';
import type { RouteSource } from './route-source';
import type { Settings } from './settings';

/** An uninstall deletes the ConfigMap and the pods at about the same time, in any order. */
const LINGER_MS = 3_000;
const GONE_FRESH_MS = 60_000;

export interface UninstallParts {
  readonly onUninstall: Settings['onUninstall'];
  readonly ownObjects: Pick<OwnObjects, 'isNamespaceTerminating' | 'isDaemonSetKept'>;
  readonly source: Pick<RouteSource, 'state'>;
  readonly rollout: Pick<Rollout, 'unconfirmedBase' | 'restoredWith'>;
  readonly reconciler: Pick<Reconciler, 'run' | 'removeAll'>;
  readonly log: Log;
}

/**
 * What happens to the routes when the agent stops. They are removed only after an uninstall, which has two proofs: the
 * agent's namespace is terminating, or the ConfigMap was deleted in the last 60 s and the DaemonSet does not stay. The
 * agent waits 3 s for a proof.
 *
 * A deleted DaemonSet proves nothing: `kubectl replace --force`, Argo CD's Replace and a changed selector delete and
 * recreate it. A restart, a drain, a lost right or an API server that does not answer is no proof either.
 */
export class Uninstall {
  /** Call this when the ConfigMap is found to be deleted. */
  onGone: () => void = () => undefined;

  constructor(private readonly parts: UninstallParts) {}

  /** @param holdsLock without the lock, nothing in the kernel belongs to this agent. */
  async leave(watch: Pick<ConfigMapWatch, 'nudge'>, holdsLock: boolean): Promise<void> {
    if (!holdsLock) return;
    const proof = this.parts.onUninstall === 'remove' ? await this.waitForProof(watch) : undefined;
    if (proof !== undefined) return this.removeAll(proof);
    this.parts.log('info', 'leave.keep', 'stopping; the routes stay');
    this.takeBackUnconfirmed();
  }

  private async waitForProof(watch: Pick<ConfigMapWatch, 'nudge'>): Promise<string | undefined> {
    const proof = await this.proof();
    if (proof !== undefined) return proof;
    await this.linger(watch);
    return this.proof();
  }

  private async proof(): Promise<string | undefined> {
    const { source, ownObjects, log } = this.parts;
    // Pods may be stopped before anything else in the namespace is deleted, including the DaemonSet.
    if (await ownObjects.isNamespaceTerminating()) return 'the namespace is being deleted';
    const { state } = source;
    if (state.state !== 'gone' || performance.now() - state.since > GONE_FRESH_MS) return undefined;
    if (!(await ownObjects.isDaemonSetKept())) return 'the ConfigMap was deleted';
    log('info', 'leave.vetoed', 'the ConfigMap was deleted, but the DaemonSet stays: this is not an uninstall');
    return undefined;
  }

  /** The next agent would trust what it finds in the kernel. */
  private takeBackUnconfirmed(): void {
    const { rollout, reconciler, log } = this.parts;
    const base = rollout.unconfirmedBase;
    if (base === undefined) return;
    try {
      reconciler.run(base, undefined, { isConfirmed: true, restored: rollout.restoredWith(base) });
      log('warn', 'leave.rolled-back', 'stopping before the last change was confirmed; it was rolled back');
    } catch (error) {
      log('error', 'leave.failed', `the last change could not be rolled back: ${(error as Error).message}`);
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

  private removeAll(proof: string): void {
    const { reconciler, log } = this.parts;
    try {
      const { done, failed } = reconciler.removeAll();
      const removed = done.filter((change) => change.kind === 'delete-route' && !isCompanion(change.route)).length;
      log('info', 'leave.remove', `${proof}: ${removed} routes removed`, {
        removed,
        failed: failed.map(({ reason }) => reason).slice(0, 20),
      });
    } catch (error) {
      log('error', 'leave.failed', `the routes could not be removed: ${(error as Error).message}`);
    }
  }
}
