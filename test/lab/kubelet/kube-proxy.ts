import { find, type Manifest } from '../dist';

interface Port {
  readonly name: string;
  readonly port: number;
  readonly protocol: string;
}

interface Endpoint {
  readonly addresses: readonly string[];
  readonly conditions?: { readonly ready?: boolean };
}

export interface KubeProxyOptions {
  /** The manifests that GitOps applies. */
  readonly objects: readonly Manifest[];
  /** The name of the Service. */
  readonly service: string;
  /** The cluster IP, which the API server would assign. */
  readonly clusterIp: string;
  /** Ranges of the pods. Packets from them to other networks are masqueraded, as network plugins do. */
  readonly pods: readonly string[];
}

/**
 * The rules of kube-proxy (mode nftables) for a Service of dist/. It reads the Service and its EndpointSlices as kube-proxy
 * does: slices by label, ports by name, and the first address of each ready endpoint. Each connection goes to a random one.
 */
export function kubeProxyRules({ objects, service, clusterIp, pods }: KubeProxyOptions): string {
  const { spec } = find(objects, 'Service', service) as Manifest & { spec: { ports: Port[] } };
  const family = clusterIp.includes(':') ? 'ip6' : 'ip';
  const addressType = family === 'ip' ? 'IPv4' : 'IPv6';
  const slices = objects.filter(
    ({ kind, metadata, addressType: type }) =>
      kind === 'EndpointSlice' && type === addressType && metadata.labels?.['kubernetes.io/service-name'] === service,
  ) as (Manifest & { endpoints: Endpoint[]; ports: Port[] })[];
  const own = pods.filter((range) => range.includes(':') === (family === 'ip6'));
  const ranges = own.length === 0 ? undefined : `{ ${own.join(', ')} }`;
  const rules = spec.ports.flatMap(({ name, port, protocol }) => {
    const targets = slices.flatMap((slice) => targetsOf(slice, name, protocol));
    if (targets.length === 0) throw new Error(`no endpoint for port ${name} of ${service}`);
    const map = targets.map(({ address, port: own }, i) => `${i} : ${address} . ${own}`).join(', ');
    const choice = `numgen random mod ${targets.length} map { ${map} }`;
    const match = `${family} daddr ${clusterIp} ${protocol.toLowerCase()} dport ${port}`;
    return [
      // The node chooses the source address by its route to the cluster IP, which differs from the route to the server.
      ...(ranges === undefined ? [] : [`${family} saddr != ${ranges} ${match} meta mark set meta mark or 0x4000`]),
      `${match} dnat ${family} to ${choice}`,
    ];
  });
  return `table ${family} kube-proxy {
  chain services {
    ${rules.join('\n    ')}
  }
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    jump services
  }
  chain output {
    type nat hook output priority -100; policy accept;
    jump services
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    meta mark and 0x4000 == 0x4000 meta mark set meta mark xor 0x4000 masquerade
    ${ranges === undefined ? '' : `${family} saddr ${ranges} ${family} daddr != ${ranges} masquerade`}
  }
}`;
}

function targetsOf(slice: { endpoints: Endpoint[]; ports: Port[] }, name: string, protocol: string) {
  const port = slice.ports.find((one) => one.name === name && one.protocol === protocol);
  if (port === undefined) return [];
  return slice.endpoints
    .filter(({ conditions }) => conditions?.ready !== false)
    .map(({ addresses: [address] }) => ({ address: address as string, port: port.port }));
}
