import { Subnet } from '../../network';
import type { Source } from './model';
import { UnknownLine } from './unknown-line';

/** A line of a file with its place. */
export interface Line extends Source {
  readonly text: string;
}

/** Lines with content. */
export function linesOf(file: string, text: string): Line[] {
  return text
    .split('\n')
    .map((line, i) => ({ file, line: i + 1, text: line.trim() }))
    .filter((line) => line.text !== '' && !line.text.startsWith('#'));
}

export const unknown = ({ text, ...source }: Line) => new UnknownLine(source, text);

/** A value in a line. */
export interface Setting extends Line {
  readonly value: string;
}

export const placeOf = ({ file, line }: Line): Source => (line === undefined ? { file } : { file, line });

/** @throws UnknownLine if the value is not a subnet. */
export function subnetIn(line: Setting): Subnet {
  try {
    return Subnet.parse(line.value);
  } catch {
    throw unknown(line);
  }
}
