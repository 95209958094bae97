import { type Configuration, parseFortigate, type Settings } from '../read/fortigate-cli';

/** The order in which objects can be deleted: each before those that it refers to. */
const DELETED_IN_ORDER = [
  'firewall policy',
  'firewall vip',
  'firewall ippool',
  'firewall address',
  'firewall address6',
  'router static',
  'router static6',
  'vpn ipsec phase2-interface',
  'vpn ipsec phase1-interface',
];

/**
 * Commands that change a FortiGate from one file's configuration to another's: they create new objects, then update
 * references to them, then delete old objects. A phase 1 that stays is edited, never deleted, because it holds the key.
 */
export function fortigateChange(before: string, after: string): string[] {
  const [old, now] = [parseFortigate(before, true), parseFortigate(after, true)];
  return [
    ...[...now].flatMap(([path, objects]) => {
      const edits = [...objects].flatMap(([name, settings]) => edit(name, old.get(path)?.get(name), settings));
      return block(path, edits);
    }),
    ...DELETED_IN_ORDER.flatMap((path) => block(path, gone(path, old, now))),
  ];
}

function block(path: string, body: readonly string[]): string[] {
  return body.length === 0 ? [] : [`config ${path}`, ...body.map((line) => `    ${line}`), 'end'];
}

function edit(name: string, was: Settings | undefined, settings: Settings): string[] {
  const changed = [...settings].filter(([key, values]) => was?.get(key)?.join(' ') !== values.join(' '));
  const unset = [...(was?.keys() ?? [])].filter((key) => !settings.has(key));
  if (changed.length + unset.length === 0) return [];
  return [
    `edit ${name}`,
    ...unset.map((key) => `    unset ${key}`),
    ...changed.map(([key, values]) => `    set ${key} ${values.join(' ')}`),
    'next',
  ];
}

function gone(path: string, old: Configuration, now: Configuration): string[] {
  const names = [...(old.get(path)?.keys() ?? [])];
  return names.filter((name) => now.get(path)?.has(name) !== true).map((name) => `delete ${name}`);
}

/** The connections of a file, each of which needs a key. */
export function fortigateConnections(text: string): string[] {
  return [...(parseFortigate(text).get('vpn ipsec phase1-interface')?.keys() ?? [])];
}
