import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { EXAMPLE } from '../lab/testbed';
import { REPOSITORY } from '../repository';
import { CLIENT_POD } from './client-pod';
import { RealCluster } from './cluster';
import { commandsOfDocs } from './docs-commands';
import { describeCluster } from './requirements';

jest.setTimeout(1_200_000);

/** Commands that this suite cannot run, with the reason. */
const EXEMPT: readonly (readonly [RegExp, string])[] = [
  [/ (exec|logs) /, 'run by docs.full.ts: needs a kubelet'],
  [/ edit /, 'opens an editor'],
  [/^kubectl (-n \S+ )?run /, 'pulls an image from the internet'],
  [/bootstrap\/production/, 'needs the CRDs of Argo CD or Flux'],
  [/rollout undo/, 'run by rolling.cluster.ts'],
  [/onprem-link-health/, 'run by server-health.full.ts, whose site has services with health'],
];
/** What the reader has to fill in. */
const FILLED_IN: readonly (readonly [RegExp, string])[] = [
  [/\bNODE\b/, 'worker-1'],
  [/\bNAMESPACE\b/, 'default'],
  [/\bSERVICE\b/, 'orders-service'],
  [/dist\/production\/orders\.k8s\.yaml/, 'dist/production/orders-service.k8s.yaml'],
];
/** Commands that are there to show something. */
const shows = (command: string) => /\b(get|describe|status)\b/.test(command);
/** Commands that remove objects which later commands need. */
const isUninstall = (command: string) => /^kubectl delete --filename dist/.test(command);

/** Objects that a reader's cluster would have: a program that shows the ranges, and a Deployment to expose. */
async function addReadersObjects(cluster: RealCluster): Promise<void> {
  const flags = ['--cluster-cidr=172.30.0.0/16', '--service-cluster-ip-range=172.21.0.0/16'];
  const [container] = CLIENT_POD.spec.containers;
  await cluster.plane.api('/api/v1/namespaces/kube-system/pods', {
    method: 'POST',
    body: {
      ...CLIENT_POD,
      metadata: { name: 'kube-controller-manager', namespace: 'kube-system' },
      spec: { ...CLIENT_POD.spec, containers: [{ ...container, args: flags }] },
    },
  });
  await cluster.kubectl('create namespace shop');
  await cluster.shell('kubectl --namespace shop create deployment orders --image=example.com/orders:1 --port=8080');
  await cluster.plane.api('/api/v1/namespaces/default/endpoints', {
    method: 'POST',
    body: { apiVersion: 'v1', kind: 'Endpoints', metadata: { name: 'orders-service' } },
  });
  await cluster.kubectl(`apply --filename ${EXAMPLE}`);
}

/** What is wrong with a command as the reader runs it: its exit code, or nothing to see. */
async function faultOf(command: string, cluster: RealCluster, project: string): Promise<string | undefined> {
  const typed = FILLED_IN.reduce((text, [placeholder, value]) => text.replace(placeholder, value), command);
  const { code, stdout, stderr } = await cluster.shell(typed, typed.startsWith('npm ') ? REPOSITORY : project);
  if (code !== 0) return `exit code ${code}\n${stdout}${stderr}`;
  return shows(typed) && stdout.trim() === '' ? `it shows nothing\n${stderr}` : undefined;
}

describeCluster("the docs' commands for a cluster", () => {
  it('have the documented effect', () =>
    RealCluster.run({}, async (cluster) => {
      const project = join(cluster.topology.lab.folder, 'project');
      mkdirSync(project);
      cpSync(EXAMPLE, join(project, 'dist', 'production'), { recursive: true });
      await cluster.install();
      await addReadersObjects(cluster);
      const all = commandsOfDocs();
      expect(all.length).toBeGreaterThan(15);
      const wanted = all.filter(({ command }) => !EXEMPT.some(([pattern]) => pattern.test(command)));
      const inOrder = [
        ...wanted.filter(({ command }) => !isUninstall(command)),
        ...wanted.filter(({ command }) => isUninstall(command)),
      ];
      const faults: string[] = [];
      for (const { page, command } of inOrder) {
        const fault = await faultOf(command, cluster, project);
        if (fault !== undefined) faults.push(`${page}: ${command}: ${fault}`);
      }
      expect(faults).toEqual([]);
      await cluster.untilOwned([]);
    }));

  it('npm run status shows every node, from metrics read through the API server', () =>
    RealCluster.run({}, async (cluster) => {
      await cluster.install();
      const { code, stdout } = await cluster.shell('npm run -s status', REPOSITORY);
      expect(stdout).toMatch(/worker-1[\s\S]*worker-2/);
      expect(code).toBe(0);
    }));
});
