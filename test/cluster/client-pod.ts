import { node26Version } from '../lab/requirements';

/** A client pod for the default namespace, which enforces the restricted Pod Security Standard. */
export const CLIENT_POD = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'client', namespace: 'default' },
  spec: {
    nodeName: 'worker-2',
    automountServiceAccountToken: false,
    securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [
      {
        name: 'client',
        image: `docker.io/library/node:${node26Version()}-trixie-slim`,
        command: ['node', '--eval', 'setInterval(() => undefined, 1e6)'],
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
      },
    ],
  },
};
