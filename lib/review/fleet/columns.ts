import type { Group } from './fleet';

const GAP = '  ';
const UNKNOWN = '?';
/** A shortened name keeps at least this many characters. */
const LEAST_NAME = 12;

interface Column {
  readonly head: string;
  readonly cell: (group: Group) => string;
  /** Whether values may be shortened. */
  readonly isLong?: true;
}

/** The order in which columns are left out on a narrow screen. */
const OPTIONAL = ['POOL', 'PODS', 'CONFLICTS', 'DROPS', 'ROUTES', 'NEXT HOP'];
const COLUMNS: readonly Column[] = [
  { head: 'NODES', cell: ({ nodes }) => `${nodes.length}` },
  { head: 'READY', cell: ({ ready }) => (ready ? 'yes' : 'NO') },
  { head: 'ROUTES', cell: ({ routes }) => routes },
  { head: 'PODS', cell: ({ pods }) => pods.split(' ')[0] as string },
  { head: 'CONFLICTS', cell: ({ conflicts }) => conflicts },
  { head: 'NEXT HOP', cell: ({ nextHop }) => nextHop, isLong: true },
  { head: 'DROPS', cell: ({ drops }) => rangeText(drops) },
  { head: 'POOL', cell: ({ pool }) => pool, isLong: true },
];
const NODE = 'NODE';

export interface Table {
  readonly head: string;
  /** One value for each group. */
  readonly rows: readonly string[];
  /** The columns that were left out, with the value that all groups share. */
  readonly everywhere: readonly string[];
}

/**
 * The groups as a table that fits the screen. Columns in which all groups agree are left out if there is no room for
 * them, and long names are shortened in the middle, where they differ least. The node's name is always shown.
 */
export function tableOf(groups: readonly Group[], width: number): Table {
  const names = Math.max(NODE.length, ...groups.map(({ nodes }) => nodesText(nodes, Infinity).length));
  const { columns, everywhere } = leaveOut(groups, width - names);
  const wide = columns.map((column) => widthOf(column, groups));
  const room = (widths: readonly number[]) => widths.reduce((sum, one) => sum + one + GAP.length, 0);
  let missing = room(wide) + Math.min(names, 3 * LEAST_NAME) - width;
  const widths = wide.map((one, i) => {
    if (!columns[i]?.isLong || missing <= 0) return one;
    const kept = Math.max(Math.min(one, LEAST_NAME), one - missing);
    missing -= one - kept;
    return kept;
  });
  const ofNode = Math.max(LEAST_NAME, width - room(widths));
  const line = (cells: readonly string[], last: string) =>
    [...cells.map((cell, i) => shortened(cell, widths[i] as number).padEnd(widths[i] as number)), last].join(GAP);
  return {
    head: line(
      columns.map(({ head }) => head),
      NODE,
    ),
    rows: groups.map((group) =>
      line(
        columns.map(({ cell }) => cell(group)),
        nodesText(group.nodes, ofNode),
      ),
    ),
    everywhere,
  };
}

function leaveOut(groups: readonly Group[], width: number): { columns: readonly Column[]; everywhere: string[] } {
  const everywhere: string[] = [];
  let columns = COLUMNS;
  const needed = () => columns.reduce((sum, column) => sum + widthOf(column, groups) + GAP.length, 0);
  for (const name of OPTIONAL) {
    if (needed() <= width) break;
    const cell = COLUMNS.find(({ head }) => head === name)?.cell as Column['cell'];
    const values = new Set(groups.map(cell).filter((text) => text !== UNKNOWN));
    if (values.size > 1) continue;
    columns = columns.filter(({ head }) => head !== name);
    everywhere.push(`${name} ${[...values][0] ?? UNKNOWN}`);
  }
  return { columns, everywhere };
}

function widthOf({ head, cell }: Column, groups: readonly Group[]): number {
  return Math.max(head.length, ...groups.map((group) => cell(group).length));
}

/** Packet counts: the lowest and the highest of the nodes. */
function rangeText(drops: readonly number[]): string {
  if (drops.length === 0) return UNKNOWN;
  const least = drops.reduce((a, b) => Math.min(a, b));
  const most = drops.reduce((a, b) => Math.max(a, b));
  return least === most ? `${least}` : `${least}–${most}`;
}

function nodesText(nodes: readonly string[], width: number): string {
  const ends = nodes.length > 1 ? [nodes[0] as string, nodes.at(-1) as string] : nodes;
  const between = nodes.length > 2 ? ' … ' : ', ';
  const each = Math.floor((width - (ends.length - 1) * between.length) / ends.length);
  return ends.map((name) => shortened(name, each)).join(between);
}

/** Names often share their beginning, so more of the end is kept. */
function shortened(text: string, width: number): string {
  if (text.length <= width) return text;
  const head = Math.floor((width - 1) / 3);
  return `${text.slice(0, head)}…${text.slice(text.length - (width - 1 - head))}`;
}
