import { Findings, refuse } from '../network';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads the settings that a program gets through its environment; all that is missing or wrong is thrown together. */
export class SettingsTable {
  private readonly findings = new Findings();

  /** @param owner what sets the environment, e.g. `the DaemonSet` */
  constructor(
    private readonly environment: Environment,
    private readonly owner: string,
  ) {}

  readonly read = <T>(name: string, parse: (text: string) => T): T => {
    const text = this.environment[name];
    if (text === undefined) this.findings.add(name, null, 'is not set', `set it in ${this.owner}, as synth does`);
    // Undefined never gets out: throwIfAny() throws before anything is used.
    return (text === undefined ? undefined : this.findings.attempt(name, () => parse(text))) as T;
  };

  /** Comma separated. Synth leaves an empty list out, since an API server does not store empty values. */
  readonly list = <T>(name: string, parse: (text: string) => T): T[] =>
    this.environment[name] ? this.read(name, (text) => text.split(',').map(parse)) : [];

  readonly isSet = (name: string): boolean => this.read(name, oneOf(['true', 'false'])) === 'true';

  /** @throws InputError with everything that is missing or wrong */
  throwIfAny(): void {
    this.findings.throwIfAny();
  }
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

export function oneOf<T extends string>(known: readonly T[]): (text: string) => T {
  return (text) => {
    if ((known as readonly string[]).includes(text)) return text as T;
    throw refuse(text, 'is not known', `write ${known.join(' or ')}`);
  };
}
