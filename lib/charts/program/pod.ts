import type { k8s } from 'cdk8s-plus-28';

/** Where a program lies, mounted from its ConfigMap or part of an own image. */
export const PROGRAM_FOLDER = '/opt/onprem-link';
/** Where every client looks for the token, the cluster's CA and the namespace. */
export const API_ACCESS_FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount';

/** What a client inside the cluster needs, without the token of every pod being mounted by default. */
export function apiAccess(): k8s.ProjectedVolumeSource {
  return {
    defaultMode: 0o644,
    sources: [
      { serviceAccountToken: { path: 'token', expirationSeconds: 3600 } },
      { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
      {
        downwardApi: {
          items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
        },
      },
    ],
  };
}

export function fromPod(name: string, fieldPath: string): k8s.EnvVar {
  return { name, valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath } } };
}
