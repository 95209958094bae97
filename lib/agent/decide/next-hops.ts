import type { Address } from '../../network';
import type { Link } from '../kernel/types';
import type { Way } from './resolve';

/** A next hop that routes of the list have, used now or not. */
export interface NextHop {
  readonly address: Address;
  /** Interface index. */
  readonly link: number;
  /** Interface name. */
  readonly interface: string;
  /** No route has another one beside it, so that it is used whether it answers or not. */
  readonly isAlone: boolean;
}

export const nextHopKey = (address: Address, link: number): string => `${address}%${link}`;

/** The next hops of ways, each once, in order; those of which nobody can tell whether they are alive are left out. */
export function nextHopsOf(ways: readonly Way[], links: ReadonlyMap<number, Link>): NextHop[] {
  const found = new Map<string, NextHop>();
  for (const { hops, members } of ways) {
    for (const { gateway, link } of members ?? hops) {
      const { name, noNeighbours } = links.get(link) ?? {};
      if (gateway === undefined || name === undefined || noNeighbours) continue;
      const key = nextHopKey(gateway, link);
      const known = found.get(key);
      found.set(key, {
        address: gateway,
        link,
        interface: name,
        isAlone: members === undefined && (known?.isAlone ?? true),
      });
    }
  }
  return [...found.values()];
}
