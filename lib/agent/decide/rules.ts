import { type Family, MAIN_TABLE } from '../../network';
import type { Rule } from '../kernel/types';
import { FR_ACT_TO_TBL } from '../netlink/constants';

/** Rule actions other than a table lookup (FR_ACT_*). */
const ACTIONS: Readonly<Record<number, string>> = {
  2: 'goto another rule',
  3: 'nothing',
  6: 'blackhole',
  7: 'unreachable',
  8: 'prohibit',
};

const looksInto = ({ action }: Rule): boolean => action === FR_ACT_TO_TBL;

/** Whether any packet gets to the main table. */
export function leadsToMain(rules: readonly Rule[], family: Family): boolean {
  return rules.some((rule) => rule.family === family && looksInto(rule) && rule.table === MAIN_TABLE);
}

/** The rules before the last one that leads to main, without every kernel's rule for local addresses. */
export function rulesBeforeMain(rules: readonly Rule[], family: Family): Rule[] {
  const ofFamily = rules.filter((rule) => rule.family === family);
  const end = ofFamily.findLastIndex((rule) => looksInto(rule) && rule.table === MAIN_TABLE);
  return ofFamily.slice(0, Math.max(0, end)).filter(({ priority }) => priority !== 0);
}

/** For people, as `ip rule` writes it: `1536: from 172.30.5.9/32 lookup 2`. */
export function ruleText(rule: Rule): string {
  const { priority, source, destination, input, output, mark, table, suppressed } = rule;
  const words = [
    ...(rule.isInverted ? ['not'] : []),
    `from ${source ?? 'all'}`,
    ...(destination === undefined ? [] : [`to ${destination}`]),
    ...(input === undefined ? [] : [`iif ${input}`]),
    ...(output === undefined ? [] : [`oif ${output}`]),
    ...(mark === undefined ? [] : [`fwmark 0x${mark.value.toString(16)}/0x${mark.mask.toString(16)}`]),
    ...(rule.isSpecial ? ['(and more)'] : []),
    looksInto(rule) ? `lookup ${table}` : (ACTIONS[rule.action] ?? `action ${rule.action}`),
    ...(suppressed === undefined ? [] : [`suppress_prefixlength ${suppressed}`]),
  ];
  return `${priority}: ${words.join(' ')}`;
}
