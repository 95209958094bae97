import fc from 'fast-check';
import { tunnels } from '../../../test/fixtures/routers';
import { fortigateCli } from '../fortigate';
import { allot, type NumberBook } from '../numbers';
import { parseFortigate, wordsOf } from '../read/fortigate-cli';
import { type Node, parseVyos } from '../read/vyos';
import { routerFiles } from '../render';
import { numberedEnd, type Tunnel } from '../tunnel';
import { vyosCommands } from '../vyos';
import { fortigateChange } from './fortigate';
import { changeFiles } from './index';
import { linuxChange } from './linux';
import { vyosChange } from './vyos';

const END = 'example/cluster-to-datacentre';

/**
 * A tunnel before and after an edit that replaces any of its parts. New numbers continue from the book, as in
 * synthesis.
 */
const edits = fc
  .tuple(tunnels, tunnels, fc.subarray(['local', 'remote', 'ike', 'esp', 'mss', 'networks', 'initiates'] as const))
  .map(([before, other, parts]): [Tunnel, Tunnel] => {
    const edited = { ...before, ...Object.fromEntries(parts.map((part) => [part, other[part]])) } as Tunnel;
    let book: NumberBook = allot({}, END, numberedEnd(before, 10));
    const first = book[END] as Tunnel['numbers'];
    book = allot(book, END, numberedEnd(edited, 10));
    return [
      { ...before, numbers: first },
      { ...edited, numbers: book[END] as Tunnel['numbers'] },
    ];
  });

/** The configuration of VyOS after a commit. @throws if a line deletes something that does not exist */
function commit(root: Node, commands: readonly string[]): Node {
  for (const line of commands) {
    const [command, ...path] = line.split(' ');
    if (command === 'set') setPath(root, path);
    else if (!deletePath(root, path)) throw new Error(`nothing to delete: ${line}`);
  }
  return root;
}

function setPath(node: Node, [word, ...rest]: readonly string[]): void {
  if (word === undefined) return;
  if (!node.has(word)) node.set(word, new Map());
  setPath(node.get(word) as Node, rest);
}

/** An empty node is deleted as well. */
function deletePath(node: Node, [word, ...rest]: readonly string[]): boolean {
  const below = node.get(word as string);
  if (below === undefined) return false;
  if (rest.length > 0 && !deletePath(below, rest)) return false;
  if (rest.length === 0 || below.size === 0) node.delete(word as string);
  return true;
}

/** References on a FortiGate, by path: keys whose values are names of objects in other paths. */
const REFERENCES: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  'vpn ipsec phase2-interface': { phase1name: ['vpn ipsec phase1-interface'] },
  'firewall vip': { extintf: ['vpn ipsec phase1-interface'] },
  'firewall policy': {
    srcaddr: ['firewall address'],
    dstaddr: ['firewall address', 'firewall vip'],
    srcaddr6: ['firewall address6'],
    dstaddr6: ['firewall address6'],
    poolname: ['firewall ippool'],
    srcintf: ['vpn ipsec phase1-interface', 'interface'],
    dstintf: ['vpn ipsec phase1-interface', 'interface'],
  },
  'router static': { device: ['vpn ipsec phase1-interface', 'interface'] },
  'router static6': { device: ['vpn ipsec phase1-interface', 'interface'] },
};
const INTERFACES = ['eth0', 'eth1', 'wan1', 'port2', 'bond0.201'];

type Box = Map<string, Map<string, Map<string, readonly string[]>>>;

/**
 * The configuration of a FortiGate after pasting. @throws if it would reject a line, because an object that it refers
 * to does not exist, or one that is still referred to is deleted.
 */
function paste(box: Box, commands: readonly string[]): Box {
  let path = '';
  let object: Map<string, readonly string[]> = new Map();
  const act: Readonly<Record<string, (first: string, more: readonly string[]) => void>> = {
    config: (first, more) => {
      path = [first, ...more].join(' ');
      box.set(path, box.get(path) ?? new Map());
    },
    edit: (name) => {
      object = box.get(path)?.get(name) ?? new Map();
      box.get(path)?.set(name, object);
    },
    set: (key, values) => {
      for (const value of values) checkReference(box, path, key, value);
      object.set(key, values);
    },
    unset: (key) => object.delete(key),
    delete: (name) => {
      if (!box.get(path)?.delete(name)) throw new Error(`no ${path} ${name} to delete`);
      checkNothingRefersTo(box, path, name);
    },
    end: () => box.get(path)?.size === 0 && box.delete(path),
    next: () => undefined,
  };
  for (const line of commands) {
    const [command, first = '', ...more] = wordsOf(line);
    act[command as string]?.(first, more);
  }
  return box;
}

function checkReference(box: Box, path: string, key: string, value: string): void {
  const places = REFERENCES[path]?.[key];
  if (places === undefined || places.some((place) => box.get(place)?.has(value))) return;
  if (places.includes('interface') && INTERFACES.includes(value)) return;
  throw new Error(`${path} refers to ${value}, which is not there`);
}

function checkNothingRefersTo(box: Box, gone: string, name: string): void {
  const keys = Object.entries(REFERENCES).flatMap(([path, keys]) =>
    Object.entries(keys).map(([key, places]) => ({ path, key, places })),
  );
  for (const { path, key } of keys.filter(({ places }) => places.includes(gone)))
    for (const settings of box.get(path)?.values() ?? [])
      if (settings.get(key)?.includes(name)) throw new Error(`${path} still refers to ${name}`);
}

/** A Linux router: its files by path, what is loaded from them, and the security associations that are up. */
class LinuxBox {
  readonly files = new Map<string, string>();
  readonly tables = new Map<string, string>();
  /** Next hops by subnet. */
  readonly routes = new Map<string, string>();
  readonly units = new Set<string>();
  /** `connection` and `connection/child`. */
  connections = new Set<string>();
  sas = new Set<string>();

  /** A router on which these files were installed and loaded as their sheet says, with all tunnels up. */
  static with(end: ReadonlyMap<string, string>): LinuxBox {
    const box = new LinuxBox();
    for (const [name, text] of end) {
      const place = /^# On the router: (\S+)$/m.exec(text)?.[1];
      if (place === undefined) continue;
      box.files.set(place, text);
      if (name === 'nftables.conf') box.run(`nft -f ${place}`, end);
      if (name === 'routes.batch') box.run(`ip -batch ${place}`, end);
      if (name.endsWith('.service')) box.units.add(place.split('/').at(-1) as string);
    }
    box.run('swanctl --load-all --noprompt', end);
    box.sas = new Set(box.connections);
    return box;
  }

  /** @throws if the router would reject the command, or if it is unknown here */
  run(line: string, end: ReadonlyMap<string, string>): void {
    const command = (line.split(' || true')[0] as string).trim();
    const handler = this.handlers(end).find(([pattern]) => pattern.test(command));
    if (handler === undefined) throw new Error(`unknown command: ${line}`);
    handler[1](...(handler[0].exec(command)?.slice(1) ?? []));
  }

  private handlers(end: ReadonlyMap<string, string>): [RegExp, (...words: string[]) => unknown][] {
    return [
      [/^install -D -m 644 (\S+) (\S+)$/, (name, place) => this.files.set(`${place}`, end.get(`${name}`) as string)],
      [/^rm -f (\S+)$/, (place) => this.files.delete(`${place}`)],
      [/^sysctl -q -p (\S+)$/, (place) => this.read(place)],
      [/^systemctl daemon-reload$/, () => undefined],
      [/^systemctl disable --now (\S+)$/, (unit) => this.units.delete(`${unit}`)],
      [/^systemctl enable (\S+)$/, (unit) => this.read(`/etc/systemd/system/${unit}`) && this.units.add(`${unit}`)],
      [/^nft -f (\S+)$/, (place) => this.tables.set(...tableIn(this.read(place)))],
      [/^nft delete table (inet \S+)$/, (table) => this.deleteTable(`${table}`)],
      [/^ip -batch (\S+)$/, (place) => this.replaceRoutes(this.read(place))],
      [/^ip route del (\S+) (.+)$/, (to, via) => this.routes.get(`${to}`) === via && this.routes.delete(`${to}`)],
      [/^swanctl --load-all --noprompt$/, () => this.load()],
      [/^swanctl --terminate --(?:ike|child) (\S+)$/, (name) => this.terminate(`${name}`)],
    ];
  }

  private read(place: string | undefined): string {
    const text = this.files.get(`${place}`);
    if (text === undefined) throw new Error(`no file ${place}`);
    return text;
  }

  private deleteTable(table: string): void {
    if (!this.tables.delete(table)) throw new Error(`no table ${table}`);
  }

  private replaceRoutes(batch: string): void {
    for (const [, to, via] of batch.matchAll(/^route replace (\S+) (.+)$/gm)) this.routes.set(`${to}`, `${via}`);
  }

  private load(): void {
    const configured = [...this.files].filter(([place]) => place.startsWith('/etc/swanctl/conf.d/'));
    this.connections = new Set(configured.flatMap(([, text]) => connectionsIn(text)));
  }

  private terminate(name: string): void {
    for (const sa of this.sas) if (sa.split('/').includes(name)) this.sas.delete(sa);
  }
}

function tableIn(nftables: string): [string, string] {
  return [/^delete table (inet \S+)$/m.exec(nftables)?.[1] as string, nftables];
}

/** `connection` and `connection/child` of a swanctl.conf. */
function connectionsIn(swanctlConf: string): string[] {
  const [connections = ''] = swanctlConf.split('\nsecrets {');
  let connection = '';
  return [...connections.matchAll(/^( {2}| {6})(\S+) \{$/gm)].map(([, indent, name = '']) => {
    if (indent?.length === 2) connection = name;
    return indent?.length === 2 ? name : `${connection}/${name}`;
  });
}

const copyOf = (text: string) => parseFortigate(text) as Box;

test('VyOS: the earlier file plus the change equals the later file, for any edit', () => {
  fc.assert(
    fc.property(edits, ([before, after]) => {
      const [old, now] = [vyosCommands(before), vyosCommands(after)];
      expect(commit(parseVyos(old), vyosChange(old, now))).toEqual(parseVyos(now));
    }),
    { numRuns: 300 },
  );
});

test('VyOS: deletes manual settings on a router only with their tunnel', () => {
  fc.assert(
    fc.property(edits, ([before, after]) => {
      const [old, now] = [vyosCommands(before), vyosCommands(after)];
      const [was, is] = [before, after].map(({ site, networks }) => `${site}-${networks[0]}`);
      const root = parseVyos(`${old}\nset vpn ipsec authentication psk ${was} secret kept`);
      const secret = commit(root, vyosChange(old, now)).get('vpn')?.get('ipsec')?.get('authentication')?.get('psk');
      expect(
        secret
          ?.get(was as string)
          ?.get('secret')
          ?.has('kept'),
      ).toBe(was === is ? true : undefined);
    }),
  );
});

test('VyOS: keeps what another tunnel of the router needs as well', () => {
  const shared = ['set vpn ipsec interface eth1', 'set protocols static route 10.0.0.0/8 next-hop 192.0.2.1'];
  const own = 'set protocols static route 192.168.0.0/24 next-hop 192.0.2.1';
  expect(vyosChange([...shared, own].join('\n'), '', [shared.join('\n')])).toEqual([
    'delete protocols static route 192.168.0.0/24',
  ]);
});

test('Linux: a router with the earlier files, after the change, is a router with the later files, for any edit', () => {
  const none = new Map<string, string>();
  const sides = edits.map((both) => both.map((tunnel) => routerFiles(tunnel)) as [typeof none, typeof none]);
  const orNone = fc.tuple(sides, fc.constantFrom('edited', 'new', 'removed'));
  fc.assert(
    fc.property(orNone, ([[before, after], how]) => {
      const [old, now] = [how === 'new' ? none : before, how === 'removed' ? none : after];
      const box = LinuxBox.with(old);
      const known = box.sas;
      for (const command of linuxChange(old, now).commands) box.run(command, now);
      const { sas, ...state } = box;
      const { sas: all, ...fresh } = LinuxBox.with(now);
      expect(state).toEqual(fresh);
      // What stays is not interrupted, and what is gone is down.
      expect(sas).toEqual(new Set([...known].filter((sa) => all.has(sa))));
    }),
    { numRuns: 300 },
  );
});

test('FortiGate: the earlier file plus the change equals the later file for any edit, and all references resolve', () => {
  fc.assert(
    fc.property(edits, ([before, after]) => {
      const [old, now] = [fortigateCli(before), fortigateCli(after)];
      expect(paste(copyOf(old), fortigateChange(old, now))).toEqual(parseFortigate(now));
    }),
    { numRuns: 300 },
  );
});

test('FortiGate: never deletes a phase 1 that stays', () => {
  fc.assert(
    fc.property(edits, ([before, after]) => {
      const same = { ...after, networks: before.networks };
      const [old, now] = [fortigateCli(before), fortigateCli(same)];
      const { length } = fortigateChange(old, now).join('\n').split('config vpn ipsec phase1-interface\n    delete');
      expect(length).toBe(1);
    }),
  );
});

test('writes nothing if nothing changes', () => {
  fc.assert(
    fc.property(tunnels, (tunnel) => {
      const files = routerFiles(tunnel);
      expect(changeFiles({ end: END, before: files, after: files, neighbours: [] })).toEqual(new Map());
    }),
  );
});

test('a change states its expected and its resulting state, and whether a key is missing', () => {
  fc.assert(
    fc.property(edits, ([before, after]) => {
      const [old, now] = [routerFiles(before), routerFiles(after)];
      const files = changeFiles({ end: END, before: old, after: now, neighbours: [] });
      for (const [change, file] of [
        ['change.vyos', 'vyos.set'],
        ['change.fortigate', 'fortigate.conf'],
        ['change.sh', 'nftables.conf'],
      ] as const) {
        const [from, to] = [old, now].map((side) => / (state [0-9a-f]{10})\./.exec(side.get(file) ?? '')?.[1]);
        const text = files.get(change);
        if (text !== undefined) expect(text).toContain(`takes the router from ${from} to ${to}.\n`);
        const isNew = before.networks[0] !== after.networks[0];
        if (text !== undefined && change !== 'change.sh') expect(text.includes('is new on this router')).toBe(isNew);
      }
      if (old.get('vyos.set') !== now.get('vyos.set')) expect([...files.keys()]).toContain('change.vyos');
    }),
  );
});
