import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const UNITS: Record<string, number> = { '': 1, k: 1e3, M: 1e6, G: 1e9, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30 };

/** The bytes of a Kubernetes quantity such as '64Mi'. @throws for a unit that is not used for memory */
export function bytesOf(quantity: string | number): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)([kMG]|[KMG]i)?$/.exec(String(quantity)) ?? [];
  const factor = UNITS[unit ?? ''];
  if (amount === undefined || factor === undefined) throw new Error(`${quantity} is not an amount of memory`);
  return Math.ceil(Number(amount) * factor);
}

/**
 * Creates a cgroup with a memory limit. Its name starts with the lab's prefix, so it is removed with the namespaces.
 *
 * @param limit bytes
 * @param root the mount point of cgroup v2
 * @returns its folder, or undefined if cgroup v2 cannot limit memory on this machine
 */
export function limitedMemory(name: string, limit: number, root = '/sys/fs/cgroup'): string | undefined {
  try {
    if (!readFileSync(join(root, 'cgroup.subtree_control'), 'utf8').split(/\s/).includes('memory')) return undefined;
    const folder = join(root, name);
    mkdirSync(folder);
    writeFileSync(join(folder, 'memory.max'), String(limit));
    return folder;
  } catch {
    return undefined;
  }
}
