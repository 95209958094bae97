import type { Manifest } from './manifest';
import type { SettingChange } from './types';

const LONGEST_VALUE = 60;

/**
 * Every field that differs, by its path: `spec.updateStrategy.rollingUpdate.maxUnavailable`. List elements that have
 * names are matched by name, so that an inserted element does not shift the others.
 */
export function changedFields(before: Manifest, after: Manifest): SettingChange[] {
  const old = leavesOf(before);
  const now = leavesOf(after);
  return [...new Set([...old.keys(), ...now.keys()])]
    .filter((path) => old.get(path) !== now.get(path))
    .map((path) => settingChange(path, old.get(path), now.get(path)));
}

/** Values are shortened to fit on one line. */
export function settingChange(name: string, before: string | undefined, after: string | undefined): SettingChange {
  return {
    name,
    ...(before !== undefined && { before: shortened(before) }),
    ...(after !== undefined && { after: shortened(after) }),
  };
}

/** The leaf values of an object by path. */
export function leavesOf(value: unknown, path = ''): Map<string, string> {
  const leaves = new Map<string, string>();
  collect(value, path, leaves);
  return leaves;
}

function collect(value: unknown, path: string, leaves: Map<string, string>): void {
  if (typeof value !== 'object' || value === null) {
    leaves.set(path, typeof value === 'string' ? value : JSON.stringify(value));
    return;
  }
  const entries: [string, unknown][] = Array.isArray(value)
    ? value.map((element, i) => [`[${elementName(element) ?? i}]`, element])
    : Object.entries(value).map(([key, field]) => [path === '' ? key : `.${key}`, field]);
  if (entries.length === 0) leaves.set(path, Array.isArray(value) ? '[]' : '{}');
  for (const [step, field] of entries) collect(field, `${path}${step}`, leaves);
}

function elementName(element: unknown): string | undefined {
  const name = (element as { name?: unknown } | null)?.name;
  return typeof name === 'string' ? name : undefined;
}

function shortened(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length <= LONGEST_VALUE ? line : `${line.slice(0, LONGEST_VALUE - 1)}…`;
}
