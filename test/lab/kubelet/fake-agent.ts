import { type Manifest, parseManifests } from '../dist';

/** Answers HTTP on POD_IP with the token, prints its environment, and exits on SIGTERM. */
export const POLITE = `
const fs = require('node:fs');
const http = require('node:http');
const secrets = '/var/run/secrets/kubernetes.io/serviceaccount/';
const read = (file) => fs.readFileSync(file, 'utf8');
const say = (line) => console.log(JSON.stringify(line));
http.createServer((request, response) => response.end(read(secrets + 'token')))
  .listen(9142, process.env.POD_IP, () => say({
    event: 'up', pid: process.pid, argv: process.argv.slice(2), env: process.env,
    namespace: read(secrets + 'namespace'), ca: read(secrets + 'ca.crt'),
  }));
process.on('SIGTERM', () => { say({ event: 'leaving' }); process.exit(0); });
`;

/**
 * A DaemonSet like the one in dist/, with another program instead of the agent, so that tests of the lab do not depend on
 * the agent.
 *
 * @param script the program, as CommonJS
 * @param change edits the container, e.g. to remove a capability
 */
export function fakeAgent(
  script: string,
  change: (container: Record<string, unknown>) => void = () => undefined,
): Manifest[] {
  const objects = parseManifests(`
apiVersion: apps/v1
kind: DaemonSet
metadata: { name: stand-in, namespace: lab }
spec:
  template:
    metadata: { labels: { app: stand-in } }
    spec:
      hostNetwork: true
      serviceAccountName: stand-in
      automountServiceAccountToken: false
      terminationGracePeriodSeconds: 1
      tolerations: [{ operator: Exists }]
      containers:
        - name: agent
          image: docker.io/library/node:26.10.0-trixie-slim
          command: [node, /opt/lab/agent.cjs]
          args: ["$(NODE_NAME)", "$(NOT_THERE)", "$$(NODE_NAME)"]
          env:
            - { name: NODE_NAME, valueFrom: { fieldRef: { fieldPath: spec.nodeName } } }
            - { name: POD_IP, valueFrom: { fieldRef: { fieldPath: status.podIP } } }
            - { name: GREETING, value: "hello $(NODE_NAME)" }
          ports: [{ name: health, containerPort: 9142 }]
          readinessProbe: { httpGet: { path: /readyz, port: health } }
          securityContext:
            runAsUser: 0
            readOnlyRootFilesystem: true
            allowPrivilegeEscalation: false
            capabilities: { drop: [ALL], add: [NET_ADMIN] }
          volumeMounts:
            - { name: agent, mountPath: /opt/lab, readOnly: true }
            - { name: api-access, mountPath: /var/run/secrets/kubernetes.io/serviceaccount, readOnly: true }
            - { name: scratch, mountPath: /scratch }
      volumes:
        - { name: agent, configMap: { name: stand-in-agent } }
        - { name: scratch, emptyDir: { medium: Memory, sizeLimit: 1Mi } }
        - name: api-access
          projected:
            defaultMode: 0o444
            sources:
              - serviceAccountToken: { path: token, expirationSeconds: 3600 }
              - configMap: { name: kube-root-ca.crt, items: [{ key: ca.crt, path: ca.crt }] }
              - downwardAPI: { items: [{ path: namespace, fieldRef: { fieldPath: metadata.namespace } }] }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: stand-in-agent, namespace: lab }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: static-routes, namespace: lab }
data: { routes: '["192.168.0.0/24"]' }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: { name: stand-in, namespace: lab }
rules: [{ apiGroups: [""], resources: [configmaps], resourceNames: [static-routes], verbs: [get, list, watch] }]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: stand-in, namespace: lab }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: stand-in }
subjects: [{ kind: ServiceAccount, name: stand-in, namespace: lab }]
`);
  const spec = objects[0]?.spec as { template: { spec: { containers: Record<string, unknown>[] } } };
  change(spec.template.spec.containers[0] ?? {});
  return objects.map((object) =>
    object.metadata.name === 'stand-in-agent' ? { ...object, data: { 'agent.cjs': script } } : object,
  );
}
