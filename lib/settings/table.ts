import { Findings, refuse } from '../network';

/** The environment of a program. */
export type Environment = Readonly<Record<string, string | undefined>>;

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/**
 * A setting that a program receives through its environment. Synth writes it and the program reads it through the same
 * entry. Its meaning to users is documented with the option that it comes from.
 */
export interface Setting<T> {
  readonly name: string;
  /**
   * The value as text for the environment. An empty text is left out, because an API server does not store empty
   * values.
   * @default String
   */
  format?(value: T): string;
  /** @throws InputError for an invalid text */
  parse(text: string): T;
  /** The value if the variable is missing. @default the variable is required */
  readonly absent?: T;
}

type Table = Readonly<Record<string, Setting<unknown>>>;
/** The values of a table's settings, by the same keys. */
export type Values<T extends Table> = { readonly [K in keyof T]: ReturnType<T[K]['parse']> };

export function setting<T>(name: string, parse: (text: string) => T): Setting<T> {
  return { name, parse };
}

export function flag(name: string): Setting<boolean> {
  return { name, parse: (text) => oneOf(['true', 'false'])(text) === 'true' };
}

/** Comma-separated, and never empty. */
export function someOf<T>(name: string, parse: (text: string) => T): Setting<readonly T[]> {
  return { name, parse: (text) => text.split(',').map(parse) };
}

/** Comma-separated; an empty list is left out. */
export function listOf<T>(name: string, parse: (text: string) => T): Setting<readonly T[]> {
  return { ...someOf(name, parse), absent: [] };
}

/** The variables of a container, in the table's order. */
export function environmentOf<T extends Table>(table: T, values: Values<T>): { name: string; value: string }[] {
  return Object.entries(table)
    .map(([key, { name, format = String }]) => ({ name, value: format(values[key]) }))
    .filter(({ value }) => value !== '');
}

/**
 * @param owner what sets the environment, e.g. `the DaemonSet`
 * @throws InputError that lists everything missing or invalid
 */
export function readEnvironment<T extends Table>(table: T, environment: Environment, owner: string): Values<T> {
  const findings = new Findings();
  const values = Object.entries(table).map(([key, { name, parse, absent }]) => {
    const text = environment[name];
    if (absent !== undefined && !text) return [key, absent];
    if (text === undefined) findings.add(name, null, 'is not set', `set it in ${owner}, as synth does`);
    return [key, text === undefined ? undefined : findings.attempt(name, () => parse(text))];
  });
  findings.throwIfAny();
  return Object.fromEntries(values);
}

export function filled(text: string): string {
  if (text !== '') return text;
  throw refuse(text, 'is empty', 'give it a value');
}

export function number(least: number, most: number): (text: string) => number {
  return (text) => {
    if (/^\d+$/.test(text) && Number(text) >= least && Number(text) <= most) return Number(text);
    throw refuse(text, 'is out of range', `write a whole number from ${least} to ${most}`);
  };
}

export function oneOf<const T extends string>(known: readonly T[]): (text: string) => T {
  return (text) => {
    if ((known as readonly string[]).includes(text)) return text as T;
    throw refuse(text, 'is not known', `write ${known.join(' or ')}`);
  };
}
