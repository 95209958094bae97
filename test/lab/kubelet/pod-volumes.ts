import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { V1KeyToPath, V1Volume, V1VolumeProjection } from '@kubernetes/client-node';
import type { Manifest } from '../dist';
import { bytesOf } from './memory-limit';
import type { Mount } from './pod-root';
import type { PodToStart } from './pod-spec';

/** A file of a volume. */
export interface VolumeFile {
  readonly content: string | Buffer;
  readonly mode: number;
  /** @default 0 */
  readonly owner?: number;
}

/** The sources of the files in a pod's volumes. */
export interface VolumeSources {
  readonly namespace: string;
  /** All objects of the cluster. The ConfigMaps among them can be mounted. */
  readonly objects: readonly Manifest[];
  /** The service account's token. */
  readonly token: string;
  /** The container's user, the only one who may read the token. */
  readonly user: number;
  /** The downward API. */
  readonly field: (fieldPath: string) => string;
}

type Files = Map<string, VolumeFile>;

function configMapFiles(
  source: { name?: string | undefined; items?: V1KeyToPath[]; optional?: boolean },
  { objects, namespace }: VolumeSources,
  mode: number,
): Files {
  const found = objects.find(
    ({ kind, metadata }) =>
      kind === 'ConfigMap' && metadata.name === source.name && (metadata.namespace ?? 'default') === namespace,
  );
  if (!found && source.optional) return new Map();
  // A kubelet would wait for it, but in the lab nobody would create it.
  if (!found) throw new Error(`configmap "${source.name}" not found in namespace ${namespace}`);
  const data = new Map<string, string | Buffer>([
    ...Object.entries((found.data ?? {}) as Record<string, string>),
    ...Object.entries((found.binaryData ?? {}) as Record<string, string>).map(
      ([key, value]) => [key, Buffer.from(value, 'base64')] as const,
    ),
  ]);
  const items: V1KeyToPath[] = source.items ?? [...data.keys()].map((key) => ({ key, path: key }));
  return new Map(
    items.flatMap((item) => {
      const content = data.get(item.key);
      if (content === undefined && !source.optional) {
        throw new Error(`configmap "${source.name}" has no key ${item.key}`);
      }
      return content === undefined ? [] : [[item.path, { content, mode: item.mode ?? mode }] as const];
    }),
  );
}

function projectedFiles(source: V1VolumeProjection, sources: VolumeSources, mode: number): Files {
  const { serviceAccountToken, configMap, downwardAPI, ...others } = source;
  const unknown = Object.keys(others);
  if (unknown.length > 0) throw new Error(`a projected volume of ${unknown.join(', ')} is not supported by the lab`);
  const files: Files = configMap ? configMapFiles(configMap, sources, mode) : new Map();
  // If the kubelet knows the user, only that user may read the token, regardless of the default mode.
  if (serviceAccountToken)
    files.set(serviceAccountToken.path, { content: sources.token, mode: 0o600, owner: sources.user });
  for (const item of downwardAPI?.items ?? []) {
    if (!item.fieldRef) throw new Error(`downwardAPI ${item.path}: the lab supports only fieldRef`);
    files.set(item.path, { content: sources.field(item.fieldRef.fieldPath), mode: item.mode ?? mode });
  }
  return files;
}

/**
 * The files of a configMap or projected volume by path. undefined: another kind of volume
 *
 * @throws for a missing ConfigMap, or a kind of source that is not supported
 */
export function filesOf(volume: V1Volume, sources: VolumeSources): Files | undefined {
  if (volume.configMap) return configMapFiles(volume.configMap, sources, volume.configMap.defaultMode ?? 0o644);
  if (!volume.projected) return undefined;
  const mode = volume.projected.defaultMode ?? 0o644;
  return new Map((volume.projected.sources ?? []).flatMap((source) => [...projectedFiles(source, sources, mode)]));
}

/** Tells apart writes within the same tick of the clock. */
let writes = 0;

/**
 * Writes files as a kubelet does, so that a reader sees either all old or all new ones: it creates a new folder, and points
 * `..data` to it. The names in the volume are links through `..data`. Names that no longer exist are removed.
 */
export function writeAtomically(folder: string, files: ReadonlyMap<string, VolumeFile>): void {
  const stamp = new Date().toISOString().replace(/[-:T]/g, '_').replace(/\..*/, '');
  const fresh = `..${stamp}.${++writes}`;
  mkdirSync(join(folder, fresh), { recursive: true });
  for (const [path, { content, mode, owner = 0 }] of files) {
    const file = join(folder, fresh, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
    // The mode of writeFileSync is reduced by the umask, so chmod sets it.
    chmodSync(file, mode);
    chownSync(file, owner, 0);
  }
  let old: string | undefined;
  try {
    old = readlinkSync(join(folder, '..data'));
  } catch {
    // The first write.
  }
  const before = old === undefined ? [] : topNames(folder, old);
  symlinkSync(fresh, join(folder, '..data_tmp'));
  renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
  const names = topNames(folder, fresh);
  for (const name of names.filter((name) => !before.includes(name))) symlinkSync(`..data/${name}`, join(folder, name));
  for (const name of before.filter((name) => !names.includes(name))) rmSync(join(folder, name));
  if (old !== undefined) rmSync(join(folder, old), { recursive: true });
}

function topNames(folder: string, version: string): string[] {
  return readdirSync(join(folder, version));
}

/**
 * The mounts of a pod's volumes, and a function that updates their files after `sources` changed.
 *
 * @param emptyDirs a folder for emptyDirs that a second container of the pod must find again
 */
export function layOutVolumes(
  folder: string,
  pod: PodToStart,
  sources: VolumeSources,
  emptyDirs?: string,
): { mounts: Mount[]; write(): void } {
  const volumes = new Map((pod.spec.volumes ?? []).map((volume) => [volume.name, volume]));
  const pathOf = (volume: V1Volume) => join((volume.emptyDir && emptyDirs) ?? join(folder, 'volumes'), volume.name);
  const write = () => {
    for (const volume of volumes.values()) {
      const files = filesOf(volume, sources);
      if (files) writeAtomically(pathOf(volume), files);
    }
  };
  for (const volume of volumes.values()) {
    mkdirSync(pathOf(volume), { recursive: true });
    // Any user may write to an emptyDir. It lives on disk, or in memory if the pod asks for it.
    chmodSync(pathOf(volume), volume.projected ? 0o1777 : 0o777);
  }
  write();
  const mounts = (pod.container.volumeMounts ?? []).map(({ name, mountPath, readOnly }) => {
    const volume = volumes.get(name);
    if (!volume) throw new Error(`${pod.container.name}: volumeMounts names an unknown volume ${name}`);
    if (volume.emptyDir?.medium === 'Memory' && emptyDirs === undefined) {
      const { sizeLimit } = volume.emptyDir;
      const size = sizeLimit === undefined ? '' : `,size=${bytesOf(sizeLimit)}`;
      return { source: 'tmpfs', target: mountPath, type: 'tmpfs', options: `mode=1777${size}${readOnly ? ',ro' : ''}` };
    }
    // A kubelet always mounts these read-only.
    const fixed = readOnly || volume.configMap || volume.projected;
    return { source: pathOf(volume), target: mountPath, options: `bind${fixed ? ',ro' : ''}` };
  });
  return { mounts, write };
}
