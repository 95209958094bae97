import { ApiObject, Chart } from 'cdk8s';
import type { Construct } from 'constructs';
import { commonLabels } from '../metadata';
import type { NodeRoutesSettings } from './options';

/**
 * Exactly what OpenShift must allow for the agent's pods. None of OpenShift's own SCCs fits: those with host network
 * grant more. Cluster-wide, hence a chart without a namespace, in a file of its own.
 * https://docs.openshift.com/container-platform/latest/authentication/managing-security-context-constraints.html
 */
export class SecurityContextConstraints extends Chart {
  constructor(scope: Construct, id: string, settings: NodeRoutesSettings) {
    const { name, namespace, labels, annotations } = settings;
    super(scope, id, { labels: commonLabels(name, 'route-agent', labels) });
    new ApiObject(this, 'scc', {
      apiVersion: 'security.openshift.io/v1',
      kind: 'SecurityContextConstraints',
      metadata: { name: `${namespace}-${name}`, annotations: { ...annotations } },
      ...needs(settings),
      users: [`system:serviceaccount:${namespace}:${name}`],
    });
  }
}

function needs({ privileged }: NodeRoutesSettings): Record<string, unknown> {
  return {
    allowHostNetwork: true,
    allowHostPorts: true, // on the host network, a container's ports are host ports
    allowHostDirVolumePlugin: false,
    allowHostIPC: false,
    allowHostPID: false,
    readOnlyRootFilesystem: true,
    runAsUser: { type: 'MustRunAs', uid: 0 },
    seLinuxContext: { type: privileged ? 'RunAsAny' : 'MustRunAs' },
    fsGroup: { type: 'RunAsAny' },
    supplementalGroups: { type: 'RunAsAny' },
    seccompProfiles: ['runtime/default'],
    volumes: ['emptyDir', 'projected'],
    allowPrivilegedContainer: privileged,
    allowPrivilegeEscalation: privileged,
    ...(!privileged && { allowedCapabilities: ['NET_ADMIN'], requiredDropCapabilities: ['ALL'] }),
  };
}
