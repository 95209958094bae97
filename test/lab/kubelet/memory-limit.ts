import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const UNITS: Record<string, number> = { '': 1, k: 1e3, M: 1e6, G: 1e9, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30 };

/** Bytes of a Kubernetes quantity such as '64Mi'. @throws for a unit that makes no sense for memory */
export function bytesOf(quantity: string | number): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)([kMG]|[KMG]i)?$/.exec(String(quantity)) ?? [];
  const factor = UNITS[unit ?? ''];
  if (amount === undefined || factor === undefined) throw new Error(`${quantity} is no amount of memory`);
  return Math.ceil(Number(amount) * factor);
}

/**
 * Makes a cgroup with a memory limit, named like the lab's namespaces so that it is cleaned up with them.
 *
 * @param limit bytes
 * @param root where cgroup v2 is mounted
 * @returns its folder, or undefined if this machine has no cgroup v2 that limits memory
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
