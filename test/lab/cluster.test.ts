import { Cluster } from './cluster';
import { fakeAgent } from './kubelet/fake-agent';
import { describeLab } from './requirements';
import { Lab } from './topology/namespaces';
import { DUAL_STACK, SEEDS, Topology } from './topology/topology';

jest.setTimeout(30_000);

/** Watches its ConfigMap with the kubelet's environment and the mounted token, and prints each event. */
const WATCHER = `
const fs = require('node:fs');
const https = require('node:https');
const { createInterface } = require('node:readline');
const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = process.env;
const secrets = '/var/run/secrets/kubernetes.io/serviceaccount/';
const path = '/api/v1/namespaces/lab/configmaps?watch=true&fieldSelector=metadata.name%3Dstatic-routes';
const headers = { authorization: 'Bearer ' + fs.readFileSync(secrets + 'token', 'utf8') };
https.get({ host, port, path, headers, ca: fs.readFileSync(secrets + 'ca.crt') }, (answer) => {
  createInterface({ input: answer }).on('line', (line) => {
    const { type, object } = JSON.parse(line);
    console.log(JSON.stringify({ status: answer.statusCode, type, routes: object.data.routes }));
  });
});
process.on('SIGTERM', () => process.exit(0));
`;

describeLab('a cluster', () => {
  it.each([
    ['IPv4', SEEDS],
    ['IPv6', { ...DUAL_STACK, apiServer: ['2001:db8:203::10'] }],
  ])('lets a pod watch the ConfigMap of its Role over %s', async (_, options) => {
    const lab = new Lab();
    try {
      const objects = fakeAgent(WATCHER);
      const cluster = await Cluster.start({ topology: Topology.build(lab, options), objects });
      const pod = await cluster.startPod();
      const added = await pod.waitForLog(({ json }) => json?.type === 'ADDED', 5000);
      expect(added.json).toEqual({ status: 200, type: 'ADDED', routes: '["192.168.0.0/24"]' });
      cluster.api.put({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'static-routes', namespace: 'lab' },
        data: { routes: '[]' },
      });
      const modified = await pod.waitForLog(({ json }) => json?.type === 'MODIFIED', 5000);
      expect(modified.json).toMatchObject({ routes: '[]' });
      expect(cluster.api.requested('watch')).toHaveLength(1);
      await pod.stop();
    } finally {
      await lab.close();
    }
  });
});
