import { fortigateChange, fortigateConnections } from './fortigate';
import { linuxChange } from './linux';
import { vyosChange, vyosConnections } from './vyos';

/** The files of one end, by file name. */
export type EndFiles = ReadonlyMap<string, string>;

/** An end of a tunnel in two revisions, and the other ends on the same router in the later revision. */
export interface EndChange {
  /** Its folder below routers/, e.g. `example/cluster-to-datacentre`. */
  readonly end: string;
  readonly before: EndFiles;
  readonly after: EndFiles;
  readonly neighbours: readonly EndFiles[];
}

const HEAD = /^# Router (\S+), state ([0-9a-f]+)\.$/m;

/** The public address of the router that the files are for. */
export function routerOf(files: EndFiles): string | undefined {
  return [...files.values()].map((text) => HEAD.exec(text)?.[1]).find((router) => router !== undefined);
}

/**
 * The files that change an end's router from one revision to the other, by name; empty if nothing changes there. For a
 * Linux router, they are a script and the files that it installs.
 */
export function changeFiles(change: EndChange): Map<string, string> {
  return new Map([...pasted(change, VYOS), ...pasted(change, FORTIGATE), ...scripted(change)]);
}

/** A product that is configured by entering commands. */
interface Pasted {
  /** Name of its file below routers/. */
  readonly file: string;
  /** Name of the file with the change. */
  readonly changeFile: string;
  readonly commands: (before: string, after: string, neighbours: readonly string[]) => readonly string[];
  readonly connections: (text: string) => readonly string[];
  /** Shows the state on the router. */
  readonly check: string;
  readonly load: string;
}

const VYOS: Pasted = {
  file: 'vyos.set',
  changeFile: 'change.vyos',
  commands: vyosChange,
  connections: vyosConnections,
  check: 'show configuration commands | match onprem-link-state',
  load: 'Paste it in configuration mode; then compare, commit-confirm, confirm and save.',
};
const FORTIGATE: Pasted = {
  file: 'fortigate.conf',
  changeFile: 'change.fortigate',
  commands: fortigateChange,
  connections: fortigateConnections,
  check: 'show vpn ipsec phase1-interface | grep "onprem-link state"',
  load: 'Paste it into the CLI, or run it as a script.',
};

function pasted({ end, before, after, neighbours }: EndChange, product: Pasted): [string, string][] {
  const [old, now = ''] = [before.get(product.file), after.get(product.file)];
  const others = neighbours.flatMap((files) => files.get(product.file) ?? []);
  const commands = product.commands(old ?? '', now, others);
  if (commands.length === 0) return [];
  const known = product.connections(old ?? '');
  const added = product.connections(now).filter((name) => !known.includes(name));
  const lines = [
    ...headOf(end, old, now),
    ...(old === undefined ? [] : [`# Read the state of the router first: ${product.check}`]),
    `# ${product.load}`,
    ...added.map((name) => `# ${name} is new on this router: set its pre-shared key by hand, as ${product.file} says.`),
    ...commands,
  ];
  return [[product.changeFile, `${lines.join('\n')}\n`]];
}

function scripted({ end, before, after, neighbours }: EndChange): [string, string][] {
  const { commands, installs } = linuxChange(
    before,
    after,
    neighbours.flatMap((files) => files.get('routes.batch') ?? []),
  );
  if (commands.length === 0) return [];
  const [old, now = ''] = [before.get('nftables.conf'), after.get('nftables.conf')];
  const lines = [
    '#!/bin/sh',
    ...headOf(end, old, now),
    '# Run it as root. It changes nothing if the router is in another state.',
    'set -eu',
    'cd "$(dirname "$0")"',
    ...stateCheck(old),
    ...commands,
  ];
  return [
    ['change.sh', `${lines.join('\n')}\n`],
    ...installs.map((name): [string, string] => [name, after.get(name) ?? '']),
  ];
}

function stateCheck(nftables = ''): string[] {
  const state = HEAD.exec(nftables)?.[2];
  const table = /^delete table (inet \S+)$/m.exec(nftables)?.[1];
  if (state === undefined || table === undefined) return [];
  return [
    `nft list table ${table} | grep -q 'onprem-link state ${state}' || {`,
    `  echo 'This router is not in state ${state}: nothing was changed.' >&2`,
    '  exit 1',
    '}',
  ];
}

function headOf(end: string, before: string | undefined, after: string): string[] {
  const state = (text: string) => (text === '' ? 'no configuration' : `state ${HEAD.exec(text)?.[2] ?? 'unknown'}`);
  return [`# Change of ${end}: takes the router from ${state(before ?? '')} to ${state(after)}.`];
}
