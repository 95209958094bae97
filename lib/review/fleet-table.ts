import { type Answer, type Group, groupsOf } from './fleet';
import { counted } from './page';

/** What the screen allows. */
export interface Screen {
  readonly columns: number;
  readonly rows: number;
  readonly isColoured: boolean;
}

const RED = 31;
const GREEN = 32;
const HEAD = ['NODES', 'READY', 'ROUTES', 'CONFLICTS', 'NEXT HOP', 'DROPS', 'POOL', 'NODE'];
/** Lines beside the rows of the table: head, summary, and what the shell needs. */
const OTHER_LINES = 5;

/** All nodes on one screen: a row for each group of equal ones, those in trouble first, with the reason below. */
export function fleetTable(answers: readonly Answer[], missing: readonly string[], screen: Screen): string {
  const groups = groupsOf(answers);
  const rows = groups.map(rowOf);
  const widths = HEAD.map((head, i) => Math.max(head.length, ...rows.map((row) => (row[i] as string).length)));
  const line = (cells: readonly string[]) =>
    shortened(
      cells.map((cell, i) => (i === cells.length - 1 ? cell : cell.padEnd(widths[i] as number))).join('  '),
      screen.columns,
    );
  const paint = (text: string, ready: boolean) =>
    screen.isColoured ? `\u001b[${ready ? GREEN : RED}m${text}\u001b[0m` : text;
  const lines: string[] = [];
  let shown = 0;
  for (const [i, group] of groups.entries()) {
    const more = [
      paint(line(rows[i] as string[]), group.ready),
      ...(group.reason === '' ? [] : [shortened(`       ${group.reason}`, screen.columns)]),
    ];
    if (lines.length + more.length > Math.max(2, screen.rows - OTHER_LINES - missing.length)) break;
    lines.push(...more);
    shown++;
  }
  return [
    line(HEAD),
    ...lines,
    ...leftOver(groups.slice(shown)),
    ...missing.map((text) => paint(text, false)),
    paint(summary(answers), isFleetReady(answers, missing)),
    '',
  ].join('\n');
}

export function isFleetReady(answers: readonly Answer[], missing: readonly string[]): boolean {
  return answers.every(isReady) && missing.length === 0;
}

function leftOver(groups: readonly Group[]): string[] {
  if (groups.length === 0) return [];
  const nodes = groups.reduce((sum, group) => sum + group.nodes.length, 0);
  return [`… and ${counted(groups.length, 'more group')} with ${counted(nodes, 'node')} (--all shows them)`];
}

function summary(answers: readonly Answer[]): string {
  const ready = answers.filter(isReady).length;
  return `${ready} of ${counted(answers.length, 'node')} ready`;
}

function isReady({ status }: Answer): boolean {
  return 'ready' in status && status.ready;
}

function rowOf({ nodes, ready, routes, conflicts, nextHop, drops, pool }: Group): string[] {
  return [
    `${nodes.length}`,
    ready ? 'yes' : 'NO',
    routes,
    conflicts,
    nextHop,
    rangeText(drops),
    pool,
    nodesText(nodes),
  ];
}

/** Packets, of the node with the fewest to that with the most. */
function rangeText(drops: readonly number[]): string {
  if (drops.length === 0) return '?';
  const least = drops.reduce((a, b) => Math.min(a, b));
  const most = drops.reduce((a, b) => Math.max(a, b));
  return least === most ? `${least}` : `${least}–${most}`;
}

function nodesText(nodes: readonly string[]): string {
  if (nodes.length <= 2) return nodes.join(', ');
  return `${nodes[0]} … ${nodes.at(-1)}`;
}

function shortened(text: string, columns: number): string {
  return text.length <= columns ? text : `${text.slice(0, columns - 1)}…`;
}
