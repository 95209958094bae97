import { refuse } from '../../network';

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };

/** A reader for durations: strings with a unit. @returns milliseconds */
export function readDuration(least: string, most: string): (value: unknown) => number {
  return (value) => {
    const milliseconds = millisecondsOf(value);
    if (milliseconds !== undefined && milliseconds >= timeOf(least) && milliseconds <= timeOf(most))
      return milliseconds;
    throw refuse(value, `is not a duration from ${least} to ${most}`, 'write a number with its unit, e.g. "10s"');
  };
}

const timeOf = (text: string): number => millisecondsOf(text) as number;

function millisecondsOf(value: unknown): number | undefined {
  const [, number, unit = ''] = typeof value === 'string' ? (/^(\d{1,6})(ms|s|m)$/.exec(value) ?? []) : [];
  return number === undefined ? undefined : Number(number) * (UNITS[unit] as number);
}
