import { InputError, Subnet, withoutAll } from '../../network';
import { code, shortList } from '../page/page';
import type { Placed } from './manifest';
import type { Pool } from './pool';
import { danger, type Risk } from './risk';

/** The part of a site that decides how Calico treats packets of its pods. */
interface Side {
  readonly objects: readonly Placed[];
  readonly pools: readonly Pool[];
}

interface IpPool {
  readonly name: string;
  readonly cidr: Subnet;
}

const NONE: Side = { objects: [], pools: [] };
const API_GROUP = /projectcalico\.org\//;

/**
 * What happens to packets from pods when Calico's IP pools change. Calico masquerades no packet to an address in one of its
 * pools, disabled ones included: calicoPool in lib/routers relies on that.
 */
export function calicoRisks(before: Side = NONE, after: Side = NONE): Risk[] {
  const [old, now] = [ipPoolsIn(before), ipPoolsIn(after)];
  const routed = routesThatStay(before, after);
  const lost = old.flatMap(({ name, cidr }) => {
    const subnets = withoutAll(
      [cidr],
      now.map((pool) => pool.cidr),
    ).filter((subnet) => routed.some((route) => route.overlaps(subnet)));
    return subnets.length === 0 ? [] : [{ name, subnets }];
  });
  return [...masqueradedRisks(lost), ...overlapRisks(old, now)];
}

function masqueradedRisks(lost: readonly { readonly name: string; readonly subnets: readonly Subnet[] }[]): Risk[] {
  if (lost.length === 0) return [];
  const subnets = shortList(lost.flatMap((one) => one.subnets.map((subnet) => code(`${subnet}`))));
  const names = shortList(lost.map(({ name }) => code(name)));
  return [
    danger(
      `packets from pods to ${subnets} will leave with their node's address: the IPPool ${names} no longer exempts them from masquerading, but routes to them stay. The VPN drops them if no selector contains the nodes; otherwise on-premise servers see nodes instead of pods`,
    ),
  ];
}

/** libcalico-go, clientv3/ippool.go: `IPPool(a) CIDR overlaps with IPPool(b) CIDR` when a pool is created. */
function overlapRisks(old: readonly IpPool[], now: readonly IpPool[]): Risk[] {
  const existing = new Set(old.map(({ name }) => name));
  return now
    .filter(({ name }) => !existing.has(name))
    .flatMap(({ name, cidr }): Risk[] => {
      const others = old.filter((pool) => pool.cidr.overlaps(cidr)).map((pool) => code(pool.name));
      if (others.length === 0) return [];
      const text = `IPPool ${code(name)} cannot be applied: Calico rejects a pool that overlaps another one; delete ${shortList(others)} first`;
      return [danger(text)];
    });
}

/** The destinations of the nodes after the change. Nodes that reject a list keep the previous one. */
function routesThatStay(before: Side, after: Side): Subnet[] {
  return after.pools.flatMap(({ name, namespace, refusal, routes }) => {
    const former = before.pools.find((pool) => pool.name === name && pool.namespace === namespace);
    return (refusal === undefined ? routes : (former?.routes ?? [])).map(({ subnet }) => subnet);
  });
}

function ipPoolsIn({ objects }: Side): IpPool[] {
  return objects.flatMap(({ manifest: { apiVersion, kind, metadata, spec } }) => {
    if (kind !== 'IPPool' || !API_GROUP.test(apiVersion)) return [];
    const cidr = subnetOf((spec as { cidr?: unknown } | undefined)?.cidr);
    return cidr === undefined ? [] : [{ name: metadata.name, cidr }];
  });
}

/** Undefined if Calico rejects the subnet as well. */
function subnetOf(cidr: unknown): Subnet | undefined {
  try {
    return Subnet.parse(cidr);
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}
