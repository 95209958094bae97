import { Lazy } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { familyOf, type ProbedService, type Target } from '../../network';
import { mergeAnnotations } from '../metadata';
import { serverHealthSelector } from './deployment';

export interface ServerHealthNetworkPolicyProps {
  readonly name: string;
  readonly annotations: Readonly<Record<string, string>>;
  /** Port of health and metrics. */
  readonly port: number;
  readonly apiServers: readonly Target[];
  /** Known once the site is complete. */
  readonly services: () => readonly ProbedService[];
}

/**
 * The ports on which API servers listen behind the Service `kubernetes`, because a policy sees the real address and
 * port.
 */
const API_SERVER_PORTS = [443, 6443];

/** Allows the program to probe its servers, to use the API server and to be scraped, and nothing else. */
export class ServerHealthNetworkPolicy extends Construct {
  constructor(scope: Construct, id: string, props: ServerHealthNetworkPolicyProps) {
    super(scope, id);
    const { name, annotations, port } = props;
    new k8s.KubeNetworkPolicy(this, 'network-policy', {
      metadata: { name, annotations: mergeAnnotations(annotations) },
      spec: {
        podSelector: { matchLabels: serverHealthSelector(name) },
        policyTypes: ['Ingress', 'Egress'],
        ingress: [{ ports: [tcp(port)] }],
        egress: Lazy.any({ produce: () => [toApiServers(props.apiServers), ...toServers(props.services())] }),
      },
    });
  }
}

const tcp = (port: number): k8s.NetworkPolicyPort => ({ port: k8s.IntOrString.fromNumber(port), protocol: 'TCP' });

function toApiServers(known: readonly Target[]): k8s.NetworkPolicyEgressRule {
  const ports = [...new Set([...API_SERVER_PORTS, ...known.map(({ port }) => port)])];
  return { ports: ports.map(tcp), ...(known.length > 0 && { to: known.map(({ host }) => block(host)) }) };
}

/** One rule per port, so that no other port on the servers is reachable. */
function toServers(services: readonly ProbedService[]): k8s.NetworkPolicyEgressRule[] {
  const byPort = new Map<number, Set<string>>();
  for (const { probe, servers } of services) {
    const addresses = byPort.get(probe.port) ?? new Set();
    byPort.set(probe.port, addresses);
    for (const address of servers.keys()) addresses.add(address);
  }
  return [...byPort].map(([port, addresses]) => ({ ports: [tcp(port)], to: [...addresses].map(block) }));
}

function block(address: string): k8s.NetworkPolicyPeer {
  return { ipBlock: { cidr: `${address}/${familyOf(address) === 4 ? 32 : 128}` } };
}
