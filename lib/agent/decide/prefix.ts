import { type Route, Subnet } from '../../network';

/** A destination in a table. */
export type Prefix = Pick<Route, 'subnet' | 'table'>;

/** A single object, because a different object causes the decision to be made again (stable.ts). */
export const NO_PREFIXES: readonly Prefix[] = [];

/** Equal for routes of one prefix and table, whatever their metric. */
export const prefixKey = ({ subnet, table }: Prefix): string => `${subnet} ${table}`;

/** Parses the result of prefixKey(). */
export function readPrefix(key: string): Prefix {
  const [subnet, table] = key.split(' ');
  return { subnet: Subnet.parse(subnet), table: Number(table) };
}
