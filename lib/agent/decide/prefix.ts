import { type Route, Subnet } from '../../network';

/** A destination in a table. */
export type Prefix = Pick<Route, 'subnet' | 'table'>;

/** One object, since what is decided is decided again for another one (stable.ts). */
export const NO_PREFIXES: readonly Prefix[] = [];

/** Equal for routes of one prefix and table, whatever their metric. */
export const prefixKey = ({ subnet, table }: Prefix): string => `${subnet} ${table}`;

/** Reads what prefixKey() wrote. */
export function readPrefix(key: string): Prefix {
  const [subnet, table] = key.split(' ');
  return { subnet: Subnet.parse(subnet), table: Number(table) };
}
