import fs = require('node:fs');

import type { Readiness } from './report/readiness';

/**
 * With rolling changes, a pod that was Ready stays Ready. Kubernetes replaces every unready pod of an old revision at
 * once and without limit (rollingUpdate in pkg/controller/daemon/update.go): an outage of all nodes would bring the new
 * list to all of them. Status, metrics and alerts still report what is wrong.
 */
export class ReadyLatch {
  private isSet: boolean;

  /** @param path a file in the pod's memory volume, so that a restarted container of the same pod knows. */
  constructor(private readonly path: string) {
    this.isSet = fs.existsSync(path);
  }

  /** The answer to the readiness probe. */
  answer(now: Readiness): Readiness {
    if (now.ready) this.set();
    if (now.ready || !this.isSet) return now;
    return { ready: true, reason: `this pod stays Ready because its list was confirmed, but: ${now.reason}` };
  }

  private set(): void {
    if (this.isSet) return;
    this.isSet = true;
    try {
      fs.writeFileSync(this.path, '');
    } catch {
      // A restarted container confirms the list again.
    }
  }
}
