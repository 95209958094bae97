import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = '/sys/fs/cgroup';

/**
 * Creates a control group of this name in every hierarchy. The lab removes groups whose name starts with its prefix.
 * @returns its path below each, e.g. '/node-1'
 */
export function cgroupOf(name: string): string {
  if (existsSync(join(ROOT, 'cgroup.controllers'))) mkdirSync(join(ROOT, name));
  else
    for (const entry of readdirSync(ROOT, { withFileTypes: true })) {
      const hierarchy = join(ROOT, entry.name);
      if (!entry.isDirectory() || existsSync(join(hierarchy, 'cgroup.controllers'))) continue;
      mkdirSync(join(hierarchy, name));
      // cgroup v1: no process may join before these are set.
      if (existsSync(join(hierarchy, 'cpuset.cpus')))
        for (const file of ['cpuset.cpus', 'cpuset.mems'])
          writeFileSync(join(hierarchy, name, file), readFileSync(join(hierarchy, file)));
    }
  return `/${name}`;
}
