import { counted, printable } from '../page/page';
import { tableOf } from './columns';
import { type Answer, type Group, groupsOf } from './fleet';

/** The size and the capabilities of the terminal. */
export interface Screen {
  readonly columns: number;
  readonly rows: number;
  readonly isColoured: boolean;
}

const RED = 31;
const GREEN = 32;
/** Lines around the table's rows: heading, summary, and room for the shell prompt. */
const OTHER_LINES = 5;

/**
 * All nodes on one screen: a row for each group of equal nodes, those in trouble first, each with its reason below it.
 * @param kubectl the command that reaches this cluster: `kubectl --context production`.
 */
export function fleetTable(
  answers: readonly Answer[],
  missing: readonly string[],
  screen: Screen,
  kubectl = 'kubectl',
): string {
  const groups = groupsOf(answers);
  const table = tableOf(groups, screen.columns);
  const paint = (text: string, ready: boolean) =>
    screen.isColoured ? `\u001b[${ready ? GREEN : RED}m${text}\u001b[0m` : text;
  const below = [
    ...(table.everywhere.length === 0 ? [] : [`everywhere: ${table.everywhere.join(', ')}`]),
    ...detailsOf(groups, kubectl),
    ...missing.map((text) => paint(text, false)),
  ];
  const taken = below.reduce((sum, text) => sum + Math.ceil(text.length / screen.columns), OTHER_LINES);
  const lines: string[] = [];
  let shown = 0;
  for (const [i, group] of groups.entries()) {
    const more = [
      paint(table.rows[i] as string, group.ready),
      ...(group.reason === '' ? [] : [cut(`       ${group.reason}`, screen.columns)]),
    ];
    if (lines.length + more.length > Math.max(2, screen.rows - taken)) break;
    lines.push(...more);
    shown++;
  }
  return [
    table.head,
    ...lines,
    ...leftOver(groups.slice(shown)),
    ...below,
    ...networkLines(answers, paint),
    paint(summary(answers), isFleetReady(answers, missing)),
    '',
  ].join('\n');
}

/** The command that shows more about the first node in trouble. It is never shortened, so that it can be copied. */
function detailsOf(groups: readonly Group[], kubectl: string): string[] {
  const [group] = groups;
  if (group === undefined || group.ready) return [];
  const { namespace, pod } = group.agent;
  const command = group.isSilent ? `describe pod ${pod}` : `exec ${pod} -- node /opt/onprem-link/agent.cjs status`;
  return [`details: ${kubectl} -n ${namespace} ${command}`];
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

/** For each probed network, the number of probing nodes that reach it. */
function networkLines(answers: readonly Answer[], paint: (text: string, ready: boolean) => string): string[] {
  const known = answers.flatMap(({ status }) => ('networks' in status ? Object.entries(status.networks ?? {}) : []));
  const names = [...new Set(known.map(([name]) => name))].sort();
  return names.map((name) => {
    const probing = known.filter(([other]) => other === name);
    const reaching = probing.filter(([, isReached]) => isReached).length;
    return paint(
      `${reaching} of ${counted(probing.length, 'node')} ${probing.length === 1 ? 'reaches' : 'reach'} ${printable(name)}`,
      reaching === probing.length,
    );
  });
}

function isReady({ status }: Answer): boolean {
  return 'ready' in status && status.ready;
}

function cut(text: string, columns: number): string {
  return text.length <= columns ? text : `${text.slice(0, columns - 1)}…`;
}
