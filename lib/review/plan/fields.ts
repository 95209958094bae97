import type { Manifest } from './manifest';
import type { SettingChange } from './types';

const LONGEST_VALUE = 60;
/** The least that is shown of a difference, and of what is equal before it. */
const SHOWN_DIFFERENCE = 10;
const SHOWN_BEFORE = 20;

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

/** Values are shortened to fit on one line, and so that the first difference of two long ones is visible. */
export function settingChange(name: string, before: string | undefined, after: string | undefined): SettingChange {
  const start = before === undefined || after === undefined ? 0 : firstDifference(inOneLine(before), inOneLine(after));
  return {
    name,
    ...(before !== undefined && { before: shortened(before, start) }),
    ...(after !== undefined && { after: shortened(after, start) }),
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

const inOneLine = (text: string): string => text.replace(/\s+/g, ' ').trim();

function firstDifference(one: string, other: string): number {
  let i = 0;
  while (i < one.length && one[i] === other[i]) i++;
  return i;
}

/** @param difference where the text differs from the other one. */
function shortened(text: string, difference: number): string {
  const line = inOneLine(text);
  if (line.length <= LONGEST_VALUE) return line;
  const isLate = difference > LONGEST_VALUE - SHOWN_DIFFERENCE;
  const rest = isLate ? `…${line.slice(difference - SHOWN_BEFORE)}` : line;
  return rest.length <= LONGEST_VALUE ? rest : `${rest.slice(0, LONGEST_VALUE - 1)}…`;
}
