import { type Family, Subnet } from '../../network';
import { DH_GROUPS } from '../proposal';
import type { Child, Clamp, Connection, RouterModel, Source, StaticRoute, Translation } from './model';
import { UnknownLine } from './unknown-line';

/** The files of a Linux router that determine what happens to packets, by name. */
export interface LinuxFiles {
  readonly 'swanctl.conf': string;
  readonly 'nftables.conf': string;
  readonly 'routes.batch': string;
  readonly 'sysctl.conf': string;
  readonly 'rules.service': string;
  readonly 'routes.service': string;
}

/** @param folder path of the folder in the repository @throws UnknownLine */
export function linuxModel(files: LinuxFiles, folder: string): RouterModel {
  const file = (name: keyof LinuxFiles): [string, string] => [`${folder}/${name}`, files[name]];
  requireStarted(...file('rules.service'), '/usr/sbin/nft -f ');
  requireStarted(...file('routes.service'), '/usr/sbin/ip -batch ');
  return {
    product: 'strongswan',
    ...readSwanctl(...file('swanctl.conf')),
    ...readNftables(...file('nftables.conf')),
    routes: readBatch(...file('routes.batch')),
    forwards: readForwarding(...file('sysctl.conf')),
    isClosed: false,
  };
}

/** Rules and routes that nothing loads do not count. */
function requireStarted(file: string, text: string, command: string): void {
  const started = linesOf(file, text).filter((line) => line.text.startsWith('ExecStart='));
  if (started.length === 1 && started[0]?.text.startsWith(`ExecStart=${command}/etc/onprem-link/`)) return;
  throw unknown(started[0] ?? { file, line: 1, text: `no ExecStart=${command}` });
}

const FORWARDING: Readonly<Record<string, Family>> = { 'net.ipv4.ip_forward': 4, 'net.ipv6.conf.all.forwarding': 6 };

function readForwarding(file: string, text: string): Set<Family> {
  const families = linesOf(file, text).flatMap((line) => {
    const [, key = '', value] = /^([\w.]+) = ([01])$/.exec(line.text) ?? [];
    const family = FORWARDING[key];
    if (family === undefined) throw unknown(line);
    return value === '1' ? [family] : [];
  });
  return new Set(families);
}

interface Line extends Source {
  readonly text: string;
}

/** Lines with content. */
function linesOf(file: string, text: string): Line[] {
  return text
    .split('\n')
    .map((line, i) => ({ file, line: i + 1, text: line.trim() }))
    .filter((line) => line.text !== '' && !line.text.startsWith('#'));
}

const unknown = ({ text, ...source }: Line) => new UnknownLine(source, text);

/** A section of swanctl.conf(5). */
interface Section extends Line {
  readonly name: string;
  readonly values: Map<string, Line & { readonly value: string }>;
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

function readSwanctl(file: string, text: string): { connection: Connection; children: Child[] } {
  const root = parseSwanctl(file, text);
  const only = (sections: readonly Section[], outer: Section): Section => {
    const [first, second] = sections;
    if (first === undefined || second !== undefined)
      throw unknown({ ...outer, text: `${outer.text} has not one section` });
    return first;
  };
  const named = (outer: Section, name: string) =>
    only(
      outer.sections.filter((one) => one.name === name),
      outer,
    );
  const connection = only(named(root, 'connections').sections, root);
  const secret = only(named(root, 'secrets').sections, root);
  const [local, remote, children] = ['local', 'remote', 'children'].map((name) => named(connection, name)) as [
    Section,
    Section,
    Section,
  ];
  for (const other of root.sections) if (!['connections', 'secrets'].includes(other.name)) throw unknown(other);
  for (const other of connection.sections)
    if (!['local', 'remote', 'children'].includes(other.name)) throw unknown(other);
  allow(connection, '*');
  allow(local, 'local');
  allow(remote, 'remote');
  allow(secret, 'secret');
  for (const child of children.sections) allow(child, 'child');
  if (setting(connection, 'version').value !== '2') throw unknown(setting(connection, 'version'));
  for (const side of [local, remote]) if (setting(side, 'auth').value !== 'psk') throw unknown(setting(side, 'auth'));
  const id = (side: Section, of: string): string => {
    const given = setting(side, 'id').value;
    if (setting(secret, of).value !== given) throw unknown(setting(secret, of));
    return given;
  };
  return {
    connection: {
      ...placeOf(connection),
      localAddress: setting(connection, 'local_addrs').value,
      remoteAddress: setting(connection, 'remote_addrs').value,
      localId: id(local, 'id-local'),
      remoteId: id(remote, 'id-remote'),
      initiates: children.sections.some((child) => setting(child, 'start_action').value === 'start'),
      proposals: proposals(setting(connection, 'proposals'), true),
    },
    children: children.sections.map((child) => ({
      ...placeOf(child),
      local: subnetIn(setting(child, 'local_ts')),
      remote: subnetIn(setting(child, 'remote_ts')),
      starts: setting(child, 'start_action').value === 'start',
      proposals: proposals(setting(child, 'esp_proposals'), false),
    })),
  };
}

const placeOf = ({ file, line }: Line): Source => (line === undefined ? { file } : { file, line });

function allow(section: Section, kind: string): void {
  for (const [key, line] of section.values) if (!KEYS[kind]?.includes(key)) throw unknown(line);
}

function setting(section: Section, key: string): Line & { readonly value: string } {
  const found = section.values.get(key);
  if (found === undefined) throw unknown({ ...section, text: `${section.text} without ${key}` });
  return found;
}

function subnetIn(line: Line & { readonly value: string }): Subnet {
  try {
    return Subnet.parse(line.value);
  } catch {
    throw unknown(line);
  }
}

/** `aes256gcm16-prfsha384-ecp384` of IKE and `aes256gcm16-ecp384` of ESP. */
function proposals(line: Line & { readonly value: string }, isIke: boolean): string[] {
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

const SET = String.raw`\{ ([^{}]+) \}`;
const RULES = {
  guardIn: new RegExp(`^iifname "[^"]+" meta ipsec missing ip6? saddr ${SET} counter drop$`),
  guardOut: new RegExp(`^oifname "[^"]+" rt ipsec missing ip6? daddr ${SET} counter drop$`),
  enters: new RegExp(`^ip6? saddr ${SET} dnat ip6? prefix to ip6? daddr map ${SET}$`),
  leaves: new RegExp(`^ip6? daddr ${SET} snat ip6? prefix to ip6? saddr map ${SET}$`),
  clamp: new RegExp(`^ip6? ([sd])addr ${SET} tcp flags syn / syn,rst tcp option maxseg size set (\\d+)$`),
};
/** Lines that enclose chains. */
const FRAME = /^(?:table inet \S+(?: \{)?|delete table inet \S+|comment "[^"]*"|chain [\w-]+ \{|\})$/;
/** The hook for each kind of rule: at any other hook, a rule has a different effect or none. */
const HOOKS: Readonly<Record<keyof typeof RULES, string>> = {
  guardIn: 'type filter hook prerouting priority mangle - 10; policy accept;',
  enters: 'type nat hook prerouting priority dstnat - 10; policy accept;',
  clamp: 'type filter hook forward priority mangle; policy accept;',
  leaves: 'type nat hook postrouting priority srcnat - 10; policy accept;',
  guardOut: 'type filter hook postrouting priority srcnat + 10; policy accept;',
};
const KINDS = Object.keys(RULES) as (keyof typeof RULES)[];

type Rules = Pick<RouterModel, 'leaves' | 'enters' | 'clamps' | 'outside'>;

function readNftables(file: string, text: string): Rules {
  const leaves: Translation[] = [];
  const enters: Translation[] = [];
  const sizes: (Clamp & { readonly side: string })[] = [];
  const outside = new Set<string>();
  let hook = '';
  for (const line of linesOf(file, text)) {
    if (KINDS.some((kind) => HOOKS[kind] === line.text)) hook = line.text;
    if (line.text === hook || FRAME.test(line.text)) continue;
    const kind = KINDS.find((one) => HOOKS[one] === hook && RULES[one].test(line.text));
    if (kind === undefined) throw unknown(line);
    const found = RULES[kind].exec(line.text) as RegExpExecArray;
    if (kind === 'enters') enters.push(...translations(line, found));
    else if (kind === 'leaves') leaves.push(...translations(line, found));
    else if (kind === 'clamp') {
      const [, side = '', peers = '', bytes = ''] = found;
      sizes.push(...subnetsIn(line, peers).map((peer) => ({ ...placeOf(line), side, peer, bytes: Number(bytes) })));
    } else {
      subnetsIn(line, found[1] as string);
      outside.add(/"([^"]+)"/.exec(line.text)?.[1] as string);
    }
  }
  const clamps = sizes
    .filter(({ side }) => side === 'd')
    .filter(({ peer, bytes }) => sizes.some((one) => one.side === 's' && one.peer.equals(peer) && one.bytes === bytes))
    .map(({ side: _, ...clamp }) => clamp);
  return { leaves, enters, clamps, outside };
}

/** Elements of a set, or keys of a map. nft rejects a file in which their ranges overlap. */
function subnetsIn(line: Line, text: string): Subnet[] {
  const subnets = text.split(', ').map((value) => subnetIn({ ...line, value }));
  const overlaps = subnets.some((one, i) => subnets.slice(0, i).some((other) => other.overlaps(one)));
  if (overlaps) throw unknown(line);
  return subnets;
}

/** One rule for each entry of the map and each range at the other end. */
function translations(line: Line, [, peers = '', map = '']: readonly string[]): Translation[] {
  subnetsIn(line, map.replaceAll(/ : [^,]+/g, ''));
  return map.split(', ').flatMap((entry) => {
    const [from, to] = entry.split(' : ').map((value) => subnetIn({ ...line, value })) as [Subnet, Subnet | undefined];
    if (to === undefined || from.prefixLength !== to.prefixLength) throw unknown(line);
    return subnetsIn(line, peers).map((peer) => ({ ...placeOf(line), from, to, peer }));
  });
}

function readBatch(file: string, text: string): StaticRoute[] {
  return linesOf(file, text).map((line) => {
    const [, value, device] = /^route replace (\S+) via \S+ dev (\S+)$/.exec(line.text) ?? [];
    if (value === undefined || device === undefined) throw unknown(line);
    return { ...placeOf(line), subnet: subnetIn({ ...line, value }), device };
  });
}
