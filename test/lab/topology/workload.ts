import type { Namespace } from './namespaces';
import type { Place } from './topology';

/** How a workload is connected to its node. */
export interface WorkloadOptions {
  /** Its addresses, without prefix length. */
  readonly addresses: readonly string[];
  /** The node's end of its veth pair, at most 15 characters; also the name of its namespace. */
  readonly interface: string;
}

/** The next hop of every workload, as in Calico: the same on each link to a workload, and on no other link. */
const GATEWAYS = { 4: '169.254.1.1/32', 6: 'fe80::1/64' };

/** A pod with its own network, connected as a CNI does: a veth pair, and a route on the node to each address. */
export function startWorkload(node: Place, { addresses, interface: name }: WorkloadOptions): Namespace {
  const { lab } = node.netns;
  const families = addresses.map((address) => (address.includes(':') ? 6 : 4));
  const gateways = [...new Set(families)].map((family) => GATEWAYS[family]);
  return lab.together(() => {
    const pod = lab.namespace(name);
    node.netns.sysctl({ 'ipv4/ip_forward': 1, 'ipv6/conf/all/forwarding': 1 });
    lab.link(
      { in: pod, name: 'eth0', addresses: addresses.map((address, i) => `${address}/${families[i] === 4 ? 32 : 128}`) },
      { in: node.netns, name, addresses: gateways },
    );
    node.netns.batch(addresses.map((address) => `route add ${address} dev ${name}`));
    pod.batch(gateways.map((gateway) => `route add default via ${gateway.replace(/\/.*/, '')} dev eth0 onlink`));
    return pod;
  });
}
