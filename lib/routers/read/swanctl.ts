import { DH_GROUPS } from '../proposal';
import { type Line, linesOf, placeOf, type Setting, subnetIn, unknown } from './lines';
import type { Child, Connection } from './model';

/** A section of swanctl.conf(5). */
interface Section extends Line {
  readonly name: string;
  readonly values: Map<string, Setting>;
  readonly sections: Section[];
}

/** The keys allowed in each section; `*` matches any name. */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  '*': ['version', 'local_addrs', 'remote_addrs', 'proposals', 'rekey_time', 'dpd_delay', 'keyingtries', 'mobike'],
  local: ['auth', 'id'],
  remote: ['auth', 'id'],
  child: ['local_ts', 'remote_ts', 'esp_proposals', 'rekey_time', 'start_action', 'close_action', 'dpd_action'],
  secret: ['id-local', 'id-remote'],
};

function parseSwanctl(file: string, text: string): Section {
  const root: Section = { file, text: '', name: '', values: new Map(), sections: [] };
  const open = [root];
  for (const line of linesOf(file, text)) {
    const section = open.at(-1) as Section;
    const [, opened] = /^([\w.-]+) \{$/.exec(line.text) ?? [];
    const [, key, value] = /^([\w-]+) = (\S+)$/.exec(line.text) ?? [];
    if (opened !== undefined) {
      const inner: Section = { ...line, name: opened, values: new Map(), sections: [] };
      section.sections.push(inner);
      open.push(inner);
    } else if (key !== undefined && value !== undefined) section.values.set(key, { ...line, value });
    else if (line.text === '}' && open.length > 1) open.pop();
    else if (!/^include \S+\.psk$/.test(line.text)) throw unknown(line);
  }
  return root;
}

/** The sections of a file with one connection. */
interface SwanctlFile {
  readonly connection: Section;
  readonly local: Section;
  readonly remote: Section;
  readonly children: readonly Section[];
  readonly secret: Section;
}

/** @throws UnknownLine for anything else than one connection with one pre-shared key. */
export function readSwanctl(file: string, text: string): { connection: Connection; children: Child[] } {
  const sections = sectionsOf(parseSwanctl(file, text));
  requireKnown(sections);
  const { connection, local, remote, children, secret } = sections;
  const starts = (child: Section) => setting(child, 'start_action').value === 'start';
  return {
    connection: {
      ...placeOf(connection),
      localAddress: setting(connection, 'local_addrs').value,
      remoteAddress: setting(connection, 'remote_addrs').value,
      localId: identity(local, setting(secret, 'id-local')),
      remoteId: identity(remote, setting(secret, 'id-remote')),
      initiates: children.some(starts),
      proposals: proposals(setting(connection, 'proposals'), true),
    },
    children: children.map((child) => ({
      ...placeOf(child),
      local: subnetIn(setting(child, 'local_ts')),
      remote: subnetIn(setting(child, 'remote_ts')),
      starts: starts(child),
      proposals: proposals(setting(child, 'esp_proposals'), false),
    })),
  };
}

function sectionsOf(root: Section): SwanctlFile {
  const [connections, secrets] = inside(root, 'connections', 'secrets') as [Section, Section];
  const connection = only(connections.sections, root);
  const [local, remote, children] = inside(connection, 'local', 'remote', 'children') as [Section, Section, Section];
  return { connection, local, remote, children: children.sections, secret: only(secrets.sections, root) };
}

/** The sections with these names, each of which occurs once, and no other one. */
function inside(outer: Section, ...names: readonly string[]): Section[] {
  const other = outer.sections.find(({ name }) => !names.includes(name));
  if (other !== undefined) throw unknown(other);
  return names.map((name) =>
    only(
      outer.sections.filter((one) => one.name === name),
      outer,
    ),
  );
}

function only(sections: readonly Section[], outer: Section): Section {
  const [first, second] = sections;
  if (first === undefined || second !== undefined)
    throw unknown({ ...outer, text: `${outer.text} has not one section` });
  return first;
}

function requireKnown({ connection, local, remote, children, secret }: SwanctlFile): void {
  allow(connection, '*');
  allow(local, 'local');
  allow(remote, 'remote');
  allow(secret, 'secret');
  for (const child of children) allow(child, 'child');
  requireValue(connection, 'version', '2');
  for (const side of [local, remote]) requireValue(side, 'auth', 'psk');
}

function allow(section: Section, kind: string): void {
  for (const [key, line] of section.values) if (!KEYS[kind]?.includes(key)) throw unknown(line);
}

function setting(section: Section, key: string): Setting {
  const found = section.values.get(key);
  if (found === undefined) throw unknown({ ...section, text: `${section.text} without ${key}` });
  return found;
}

function requireValue(section: Section, key: string, value: string): void {
  if (setting(section, key).value !== value) throw unknown(setting(section, key));
}

/** The identity of one side, which the key must be for as well. */
function identity(side: Section, ofSecret: Setting): string {
  const { value } = setting(side, 'id');
  if (ofSecret.value !== value) throw unknown(ofSecret);
  return value;
}

/** `aes256gcm16-prfsha384-ecp384` of IKE and `aes256gcm16-ecp384` of ESP. */
function proposals(line: Setting, isIke: boolean): string[] {
  const groups = new Map(Object.entries(DH_GROUPS).map(([number, name]) => [name as string, number]));
  return line.value.split(',').map((text) => {
    const [cipher = '', ...rest] = text.split('-');
    const group = groups.get(rest.pop() ?? '');
    const isAead = /^aes(128|256)gcm16$/.test(cipher);
    const [hash, ...more] = rest.map((word) => word.replace(/^prf/, ''));
    const hasHash = isIke || !isAead;
    if (group === undefined || more.length > 0 || (hash === undefined) === hasHash) throw unknown(line);
    if (!isAead && !/^aes(128|256)$/.test(cipher)) throw unknown(line);
    return `${cipher.replace(/gcm16$/, 'gcm')} ${hash ?? '-'} ${group}`;
  });
}
