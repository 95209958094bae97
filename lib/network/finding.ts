/** One error in the input: its place, the value, the reason and what to write instead. */
export interface Finding {
  /** Where, e.g. `routes[3].nextHop`; empty if the value stands alone. */
  readonly at: string;
  /** The given value, shortened for quoting in a message. */
  readonly value: string;
  readonly reason: string;
  readonly remedy: string;
}

/** The input was rejected; `findings` contains everything that is wrong with it, not only the first. */
export class InputError extends Error {
  constructor(readonly findings: readonly Finding[]) {
    super(findings.map(findingText).join('\n'));
    this.name = 'InputError';
  }
}

const LONGEST_QUOTE = 80;
/** No one reads more, and half a million findings would not fit into memory. */
const MOST_FINDINGS = 1000;

/** The value as JSON, at most 80 characters long. */
export function quote(value: unknown): string {
  const text = asJson(value);
  return text.length <= LONGEST_QUOTE ? text : `${text.slice(0, LONGEST_QUOTE - 1)}…`;
}

function asJson(value: unknown): string {
  if (typeof value === 'number') return `${value}`; // JSON has no NaN, only null
  if (typeof value === 'bigint') return `${value}n`;
  try {
    return JSON.stringify(value, (_, one) => (typeof one === 'bigint' ? `${one}n` : one)) ?? String(value);
  } catch {
    return Object.prototype.toString.call(value); // circular, or nested too deep for the stack
  }
}

/** An InputError with one finding, to be thrown where the value is read. */
export function refuse(value: unknown, reason: string, remedy: string): InputError {
  return new InputError([{ at: '', value: quote(value), reason, remedy }]);
}

/** One line: `routes[3]: "10.94.227.46/24" has host bits set; did you mean ...?` */
export function findingText({ at, value, reason, remedy }: Finding): string {
  return `${at === '' ? '' : `${at}: `}${value} ${reason}; ${remedy}`;
}

/** At most `most` findings, one per line, and a last line with the number of the others. */
export function findingLines(findings: readonly Finding[], most: number): string[] {
  const lines = findings.slice(0, most).map(findingText);
  return findings.length > most ? [...lines, `… and ${findings.length - most} more`] : lines;
}

/** Collects findings so that all can be reported at once; those beyond 1,000 are dropped. */
export class Findings {
  readonly all: Finding[] = [];

  get isFull(): boolean {
    return this.all.length >= MOST_FINDINGS;
  }

  add(at: string, value: unknown, reason: string, remedy: string): void {
    if (!this.isFull) this.all.push({ at, value: quote(value), reason, remedy });
  }

  /** The result of `read`, or undefined if it was rejected (see keep). */
  attempt<T>(at: string, read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      this.keep(at, error);
      return undefined;
    }
  }

  /** Keeps the findings of an InputError, prefixed with `at`; rethrows anything else. */
  keep(at: string, error: unknown): void {
    if (!(error instanceof InputError)) throw error;
    for (const finding of error.findings.slice(0, MOST_FINDINGS - this.all.length))
      this.all.push({ ...finding, at: joinPlaces(at, finding.at) });
  }

  /** Throws an InputError if there are any findings. */
  throwIfAny(): void {
    if (this.all.length > 0) throw new InputError(this.all);
  }
}

function joinPlaces(outer: string, inner: string): string {
  if (outer === '' || inner === '') return outer + inner;
  return inner.startsWith('[') ? outer + inner : `${outer}.${inner}`;
}
