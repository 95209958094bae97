import { wordsOf } from './fortigate-cli';
import { isObjectName, isOption } from './fortigate-options';
import { UnknownLine } from './unknown-line';
import { isDefined } from './vyos-definitions';

/**
 * @throws UnknownLine for a command that VyOS does not define, or that our files do not use and this reader does not
 * understand.
 */
export function requireKnownVyos(file: string, text: string): void {
  text.split('\n').forEach((line, i) => {
    if (line.trim() === '' || line.startsWith('#')) return;
    const [command, ...path] = line.split(' ');
    if (command !== 'set' || !isDefined(path)) throw new UnknownLine({ file, line: i + 1 }, line);
  });
}

/** @throws UnknownLine for an object or option that FortiOS does not have, or that our files do not use. */
export function requireKnownFortigate(file: string, text: string): void {
  let path = '';
  text.split('\n').forEach((line, i) => {
    const [command, first = '', ...more] = wordsOf(line);
    if (command === 'config') path = [first, ...more].join(' ');
    const isKnown =
      (command !== 'edit' || isObjectName(path, first)) && (command !== 'set' || isOption(path, first, more));
    if (!isKnown) throw new UnknownLine({ file, line: i + 1 }, line);
  });
}
