import { Findings, quote, refuse } from '../../network';

/** How to read one option: its default, and how a given value is checked. */
interface Option<T> {
  /** The value if the option is omitted. Construction also continues with it after a value was rejected. */
  readonly fallback: T;
  /** @throws InputError for an invalid value. */
  readonly read: (value: unknown) => T;
  /** The option is required. */
  readonly required?: true;
}

/** All options of a construct, by name. */
export type Schema<T> = { readonly [K in keyof T]-?: Option<T[K]> };

/**
 * Reads an object of options and rejects unknown names: tsx strips types without checking them, so a misspelt option
 * would otherwise be ignored silently. All findings go to `findings`.
 */
export function readOptions<T extends object>(findings: Findings, place: string, given: unknown, schema: Schema<T>): T {
  const values: Partial<T> = {};
  const names = Object.keys(schema) as (keyof T & string)[];
  const known = `known are ${names.join(', ')}`;
  const isReadable = isRecord(given);
  if (!isReadable) findings.add(place, given, 'is not an object of options', known);
  for (const name of isReadable ? Object.keys(given) : [])
    if (!Object.hasOwn(schema, name)) findings.add(place, name, 'is an unknown option', known);
  for (const name of names) {
    const { fallback, read, required } = schema[name];
    const value = isReadable ? given[name] : undefined;
    const isLeftOut = value === undefined && (!required || !isReadable);
    values[name] = isLeftOut ? fallback : (findings.attempt(placeIn(place, name), () => read(value)) ?? fallback);
  }
  return values as T;
}

/** A reader for a nested object of options; all of its findings are in one InputError. */
export function readNested<T extends object>(schema: Schema<T>): (value: unknown) => T {
  return (value) => {
    const findings = new Findings();
    const values = readOptions(findings, '', value, schema);
    findings.throwIfAny();
    return values;
  };
}

/** `site example` and `on-premise datacentre` make `site example › on-premise datacentre`. */
export function placeIn(outer: string, inner: string): string {
  return outer === '' ? inner : `${outer} › ${inner}`;
}

/** The result of `read`; its findings are reported at the given location. */
export function attemptIn<T>(findings: Findings, place: string, read: () => T): T | undefined {
  const inner = new Findings();
  const result = inner.attempt('', read);
  for (const finding of inner.all) findings.all.push({ ...finding, at: placeIn(place, finding.at) });
  return result;
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function readBoolean(value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw refuse(value, 'is neither true nor false', 'write true or false without quotes');
}

export function oneOf<const T extends string>(...known: readonly T[]): (value: unknown) => T {
  return (value) => {
    const found = known.find((one) => one === value);
    if (found !== undefined) return found;
    throw refuse(value, 'is not one of the known values', `write ${known.map(quote).join(' or ')}`);
  };
}

/** A reader for an array that reads every entry with `read`. */
export function listOf<T>(read: (value: unknown) => T): (value: unknown) => T[] {
  return (value) => {
    if (!Array.isArray(value)) throw refuse(value, 'is not an array', 'put it into square brackets');
    const findings = new Findings();
    const entries = value.map((entry: unknown, i) => findings.attempt(`[${i}]`, () => read(entry)));
    findings.throwIfAny();
    return entries as T[];
  };
}

/** A reader for an array that must not be empty. */
export function someOf<T>(read: (value: unknown) => T, remedy: string): (value: unknown) => T[] {
  return (value) => {
    const entries = value === undefined ? [] : listOf(read)(value);
    if (entries.length === 0) throw refuse(value, 'is empty', remedy);
    return entries;
  };
}
