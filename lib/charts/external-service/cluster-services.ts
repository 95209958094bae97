import type { Findings } from '../../network';
import { placeIn } from '../input/schema';
import type { ExternalService } from './external-service';

/** Services that a cluster depends on: one that takes over the name takes over the traffic. */
const CLUSTER_SERVICES: ReadonlySet<string> = new Set([
  'default/kubernetes',
  'kube-system/kube-dns',
  'kube-system/kube-dns-upstream',
  'kube-system/coredns',
  'kube-system/metrics-server',
]);

/** Names and namespaces that belong to Kubernetes. */
export function checkClusterServices({ settings, place }: ExternalService, findings: Findings): void {
  const { name, namespace, allowKubeNamespace } = settings;
  if (CLUSTER_SERVICES.has(`${namespace}/${name}`))
    findings.add(
      placeIn(place, 'name'),
      `${namespace}/${name}`,
      'belongs to Kubernetes, and the cluster would send its own traffic on premise',
      'choose another name, and the namespace of the application that calls it',
    );
  else if (namespace.startsWith('kube-') && !allowKubeNamespace)
    findings.add(
      placeIn(place, 'namespace'),
      namespace,
      'is a namespace of Kubernetes, whose Services the cluster depends on',
      'use the namespace of the application that calls it, or set allowKubeNamespace: true',
    );
}
