import type { k8s } from 'cdk8s-plus-28';

/** The folder of a program, mounted from its ConfigMap or part of a custom image. */
export const PROGRAM_FOLDER = '/opt/onprem-link';
/** The folder where every client looks for the token, the cluster's CA and the namespace. */
export const API_ACCESS_FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount';

/** The credentials that a client in the cluster needs, without the default mount of the service account token. */
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
