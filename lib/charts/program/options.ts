import type { k8s } from 'cdk8s-plus-28';
import { readInteger, refuse } from '../../network';
import { oneOf, readNested, type Schema } from '../input/schema';
import { DEFAULT_IMAGE } from './image';

const TOLERATION_SCHEMA: Schema<k8s.Toleration> = {
  key: { fallback: undefined, read: readText },
  operator: { fallback: undefined, read: oneOf('Exists', 'Equal') },
  value: { fallback: undefined, read: readText },
  effect: { fallback: undefined, read: oneOf('NoSchedule', 'PreferNoSchedule', 'NoExecute') },
  tolerationSeconds: { fallback: undefined, read: (value) => readInteger(value, 0, 2 ** 31, 'number of seconds') },
};

export function readToleration(value: unknown): k8s.Toleration {
  const toleration = readNested(TOLERATION_SCHEMA)(value);
  if (toleration.key !== undefined || toleration.operator === 'Exists') return toleration;
  throw refuse(
    value,
    'has no key, so it tolerates nothing',
    'name the key, or write { operator: "Exists" } for every taint',
  );
}

function readText(value: unknown): string {
  if (typeof value !== 'string') throw refuse(value, 'is not a string', 'put it into quotes');
  if (value === '') throw refuse(value, 'is empty, and Kubernetes does not store empty values', 'leave the field out');
  return value;
}

export function readImage(value: unknown): string {
  if (typeof value !== 'string' || !/^[a-z0-9][\w./:@-]*$/.test(value))
    throw refuse(value, 'is not an image reference', `write e.g. "${DEFAULT_IMAGE}"`);
  const tag = /:([\w][\w.-]*)$/.exec(value.split('@')[0] as string)?.[1];
  if (value.includes('@sha256:') || (tag !== undefined && tag !== 'latest')) return value;
  throw refuse(value, 'has no version, so nodes could run different versions', 'add the tag of a version');
}

export function readDigest(value: unknown): string {
  if (typeof value === 'string' && /^sha256:[0-9a-f]{64}$/.test(value)) return value;
  throw refuse(value, 'is not a digest', 'write sha256: followed by 64 hexadecimal digits');
}

/** Ports from 1024 on, because none of our programs has NET_BIND_SERVICE. */
export function readUnprivilegedPort(value: unknown): number {
  return readInteger(value, 1024, 65535, 'unprivileged port');
}
