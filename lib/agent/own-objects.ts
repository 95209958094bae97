import type { ApiClient } from '../program/api/client';
import { body } from '../program/api/lines';

/** Timeout for an agent that is stopping: the kubelet kills it 15 s after SIGTERM. */
const PATIENCE_MS = 2_000;

interface Metadata {
  readonly name?: unknown;
  readonly deletionTimestamp?: unknown;
}

/** The namespace and the DaemonSet that this agent belongs to. 401, 403, 404 and silence prove nothing about them. */
export class OwnObjects {
  constructor(
    private readonly client: Pick<ApiClient, 'get'>,
    private readonly namespace: string,
    private readonly daemonSet: string,
  ) {}

  /** Whether the namespace is being deleted with everything in it, which cannot be undone. */
  async isNamespaceTerminating(): Promise<boolean> {
    const { namespace } = this;
    const metadata = await this.read('Namespace', namespace, `/api/v1/namespaces/${namespace}`);
    return metadata !== undefined && isDeleted(metadata);
  }

  /** Whether the DaemonSet exists and stays. */
  async isDaemonSetKept(): Promise<boolean> {
    const { namespace, daemonSet } = this;
    const path = `/apis/apps/v1/namespaces/${namespace}/daemonsets/${daemonSet}`;
    const metadata = await this.read('DaemonSet', daemonSet, path);
    return metadata !== undefined && !isDeleted(metadata);
  }

  private async read(kind: string, name: string, path: string): Promise<Metadata | undefined> {
    try {
      const signal = AbortSignal.timeout(PATIENCE_MS);
      const text = await body(await this.client.get({ path, idleTimeoutMs: PATIENCE_MS, signal }));
      const object = JSON.parse(text) as { kind?: unknown; metadata: Metadata };
      return object.kind === kind && object.metadata.name === name ? object.metadata : undefined;
    } catch {
      return undefined;
    }
  }
}

function isDeleted({ deletionTimestamp }: Metadata): boolean {
  return typeof deletionTimestamp === 'string';
}
