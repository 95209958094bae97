import { Address, type ProbedNetwork, type Target } from '../../network';
import type { Hop, Snapshot } from '../kernel/types';
import type { Reach } from './reach';
import type { Resolved, ResolvedRoute } from './resolve';

/** A path to probe: a target through a next hop. */
export interface Path {
  readonly network: string;
  readonly target: Target;
  readonly hop: Hop;
  /** Interface name. */
  readonly interface: string;
  /** The node's address that the probes come from. */
  readonly source: Address;
  /** Whether its route has no other next hop, so that it is used whether targets answer or not. */
  readonly isAlone: boolean;
  /** The state assumed before the first probe. */
  readonly start: 'up' | 'down';
}

/** The paths to probe: each target through each next hop of the most specific route to it. */
export function pathsTo(
  networks: readonly ProbedNetwork[],
  resolved: readonly Resolved[],
  reach: Reach,
  snapshot: Snapshot,
): Path[] {
  return networks.flatMap(({ name, targets }) =>
    targets.flatMap((target) => {
      const address = Address.parse(target.host);
      const item = mostSpecific(resolved, address);
      if (item === undefined) return [];
      const { hops, members = hops } = item.way;
      return members.flatMap((hop): Path[] => {
        const place = placeOf(hop, item, address, snapshot);
        const { state } = reach.before(item.route, members, hop);
        return place === undefined
          ? []
          : [
              {
                network: name,
                target,
                hop,
                ...place,
                isAlone: members.length === 1,
                start: state === 'down' ? 'down' : 'up',
              },
            ];
      });
    }),
  );
}

/** The source address of probes through a next hop; undefined if probing is impossible. */
function placeOf(
  { link, gateway }: Hop,
  { route }: ResolvedRoute,
  { family }: Address,
  { links, addresses }: Snapshot,
): Pick<Path, 'interface' | 'source'> | undefined {
  const name = links.get(link)?.name;
  const own = addresses.filter((each) => each.link === link && each.address.family === family);
  const near = own.find(({ connected }) => gateway !== undefined && connected.contains(gateway)) ?? own[0];
  const source = route.source ?? near?.address;
  const isSameFamily = (gateway?.family ?? family) === family;
  return name === undefined || source === undefined || !isSameFamily ? undefined : { interface: name, source };
}

function mostSpecific(resolved: readonly Resolved[], address: Address): ResolvedRoute | undefined {
  let best: ResolvedRoute | undefined;
  for (const item of resolved) {
    const { subnet } = item.route;
    if (item.state !== 'resolved' || !subnet.contains(address)) continue;
    if (best === undefined || subnet.prefixLength > best.route.subnet.prefixLength) best = item;
  }
  return best;
}
