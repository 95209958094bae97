import { refuse } from './finding';
import { Subnet } from './subnet';
import { parseTarget, type Target, targetText } from './target';

/** A network behind the VPN in which the nodes probe targets. */
export interface ProbedNetwork {
  readonly name: string;
  /** Its subnets as the cluster sees them. Routes to them avoid next hops through which no target answers. */
  readonly subnets: readonly Subnet[];
  /** As the cluster sees them. */
  readonly targets: readonly Target[];
}

/** One network in one text: `datacentre 192.168.0.0/24,192.168.1.0/24 192.168.1.10:443`. */
export function formatProbedNetwork({ name, subnets, targets }: ProbedNetwork): string {
  return [name, subnets.join(), targets.map(targetText).join()].join(' ');
}

/** Parses the output of formatProbedNetwork(). @throws InputError */
export function parseProbedNetwork(text: string): ProbedNetwork {
  const [name = '', subnets, targets, ...more] = text.split(' ');
  if (name === '' || subnets === undefined || targets === undefined || more.length > 0)
    throw refuse(text, 'is not a probed network', 'write e.g. "datacentre 192.168.1.0/24 192.168.1.10:443"');
  return { name, subnets: subnets.split(',').map(Subnet.parse), targets: targets.split(',').map(parseTarget) };
}
