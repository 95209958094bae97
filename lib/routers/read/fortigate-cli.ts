import { Address, Subnet } from '../../network';

/** The settings of one object; a key may have several values. */
export type Settings = ReadonlyMap<string, readonly string[]>;

/** The objects of each `config` path, by name or number. */
export type Configuration = ReadonlyMap<string, ReadonlyMap<string, Settings>>;

/**
 * Reads `config … edit … set … next … end`.
 * @param keepsQuotes whether words stay as written, so that they can be written again.
 * @throws for a line that does not fit this syntax
 */
export function parseFortigate(text: string, keepsQuotes = false): Configuration {
  const reader = new Reader();
  for (const line of text.split('\n')) {
    const [command, ...words] = wordsOf(line, keepsQuotes);
    if (command !== undefined && !reader.take(command, words)) throw new Error(`not a FortiOS command here: ${line}`);
  }
  return reader.configuration;
}

/** The reader's position: outside, in a path, or in an object of a path. */
class Reader {
  readonly configuration = new Map<string, Map<string, Map<string, string[]>>>();
  private objects: Map<string, Map<string, string[]>> | undefined;
  private settings: Map<string, string[]> | undefined;

  /** @returns whether the command is allowed here */
  take(command: string, [first = '', ...more]: readonly string[]): boolean {
    switch (this.settings === undefined ? (this.objects === undefined ? 'outside' : 'path') : 'object') {
      case 'outside':
        return command === 'config' && this.enter([first, ...more].join(' '));
      case 'path':
        return (
          (command === 'edit' && first !== '' && more.length === 0 && this.edit(first)) ||
          (command === 'end' && this.end())
        );
      default:
        return (command === 'set' && more.length > 0 && this.set(first, more)) || (command === 'next' && this.next());
    }
  }

  private enter(path: string): true {
    this.objects = this.configuration.get(path) ?? new Map();
    this.configuration.set(path, this.objects);
    return true;
  }

  private edit(name: string): true {
    this.settings = this.objects?.get(name) ?? new Map<string, string[]>();
    this.objects?.set(name, this.settings);
    return true;
  }

  private set(key: string, values: string[]): true {
    this.settings?.set(key, values);
    return true;
  }

  private next(): true {
    this.settings = undefined;
    return true;
  }

  private end(): true {
    this.objects = undefined;
    return true;
  }
}

/** Words and quoted words up to a comment. */
export function wordsOf(line: string, keepsQuotes = false): string[] {
  const text = line.trim();
  if (text.startsWith('#')) return [];
  return [...text.matchAll(/"([^"]*)"|\S+/g)].map(([word, quoted]) => (keepsQuotes ? word : (quoted ?? word)));
}

export const objectsOf = (all: Configuration, path: string) => all.get(path) ?? new Map<string, Settings>();

/** The single value of a key. @throws if there is none or more than one */
export function only(settings: Settings | undefined, key: string): string {
  const [value, ...more] = settings?.get(key) ?? [];
  if (value === undefined || more.length > 0)
    throw new Error(`${key} has ${value === undefined ? 'no' : 'several'} values`);
  return value;
}

/** `192.168.1.0/24` from `192.168.1.0 255.255.255.0`, or from an IPv6 prefix. */
export function prefix(words: readonly string[] = []): string {
  const [address, mask] = words;
  if (address === undefined) throw new Error('no subnet');
  if (mask === undefined) return address;
  const { first, rest } = Address.parse(mask);
  const bits = [first, ...rest].map((word) => (word >>> 0).toString(2)).join('');
  const ones = bits.replaceAll('0', '').length;
  return `${Subnet.parse(`${address}/${ones}`)}`;
}

/** The subnet that equals an address range. */
export function span(first: string, last: string): string {
  const begin = Address.parse(first);
  const length = Array.from({ length: 33 }, (_, i) => i).find((i) => {
    const subnet = Subnet.around(begin, i);
    return subnet.address.equals(begin) && subnet.last.equals(Address.parse(last));
  });
  return `${Subnet.parse(`${first}/${length}`)}`;
}
