import { code, printable, type Row } from '../page/page';
import type { RouteChanges, RouteLine, ServicePlan, SettingChange } from './types';

/** One row for each route: new routes, then removed ones, then changed ones. */
export function routeRows({ added, removed, moved, adjusted }: RouteChanges): Row[] {
  const row =
    (sign: Row['sign']) =>
    (route: RouteLine): Row => ({
      sign,
      cells: [
        code(route.subnet),
        wayText(route),
        ...(route.comment === undefined ? [] : [printable(route.comment).replaceAll('`', "'")]),
      ],
    });
  return [...added.map(row('+')), ...removed.map(row('-')), ...[...moved, ...adjusted].map(row('~'))];
}

export function serviceRows({ ports, added, removed, readdressed, kind, health }: ServicePlan): Row[] {
  const portRow: Row = { sign: signOf(ports), cells: ['ports', changeText(ports)] };
  return [
    ...added.map((server): Row => ({ sign: '+', cells: [code(server)] })),
    ...removed.map((server): Row => ({ sign: '-', cells: [code(server)] })),
    ...readdressed.map((one): Row => ({ sign: '~', cells: [code(one.server), changeText(one)] })),
    ...(kind === 'removed' || ports.before === ports.after ? [] : [portRow]),
    ...(kind === 'removed' || health === undefined || health.before === health.after
      ? []
      : [{ sign: signOf(health), cells: ['health', changeText(health)] }]),
  ];
}

export function fieldRows(fields: readonly SettingChange[]): Row[] {
  return fields.map((field) => ({ sign: signOf(field), cells: [code(field.name), changeText(field)] }));
}

interface Change {
  readonly before?: string;
  readonly after?: string;
}

function wayText(route: RouteLine): string {
  return changeText(route);
}

function changeText({ before, after }: Change): string {
  if (before === undefined || after === undefined) return valueText(after ?? before ?? '');
  return `${valueText(before)} → ${valueText(after)}`;
}

/** For settings that hold a list, an empty value means an empty list. */
function valueText(value: string): string {
  return value === '' ? 'none' : code(value);
}

function signOf({ before, after }: Change): Row['sign'] {
  if (before === undefined) return '+';
  return after === undefined ? '-' : '~';
}
