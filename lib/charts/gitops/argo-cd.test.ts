import { Testing } from 'cdk8s';
import { findingsOf, siteWithNetwork, yamlOf } from '../../../test/fixtures/charts';
import { ArgoCdBootstrap } from './argo-cd';

const repository = 'https://git.example.com/network/onprem.git';

function applicationOf(props: object) {
  const { site } = siteWithNetwork();
  const [application] = Testing.synth(new ArgoCdBootstrap(site, 'argo-cd', { repository, ...props }));
  return application;
}

test('needs only the repository', () => {
  const { site } = siteWithNetwork();
  expect(yamlOf(new ArgoCdBootstrap(site, 'argo-cd', { repository }))).toMatchSnapshot();
});

test('accepts every option', () => {
  const application = applicationOf({
    revision: 'v1.2.3',
    path: 'clusters/north',
    name: 'north-routes',
    namespace: 'gitops',
    project: 'network',
    cluster: 'north',
    onDelete: 'remove',
  });
  expect(application).toMatchObject({
    metadata: {
      name: 'north-routes',
      namespace: 'gitops',
      finalizers: ['resources-finalizer.argocd.argoproj.io'],
    },
    spec: {
      project: 'network',
      source: { repoURL: repository, targetRevision: 'v1.2.3', path: 'clusters/north' },
      destination: { name: 'north' },
    },
  });
});

test('sets retry.refresh, which Argo CD 3.0 and 3.1 reject, only on request', () => {
  expect(applicationOf({}).spec.syncPolicy.retry).not.toHaveProperty('refresh');
  expect(applicationOf({ refreshOnRetry: true }).spec.syncPolicy.retry).toMatchObject({ limit: 10, refresh: true });
});

test('accepts the address of a cluster', () => {
  expect(applicationOf({ cluster: 'https://north.example.com:6443' }).spec.destination).toEqual({
    server: 'https://north.example.com:6443',
  });
});

test('does not apply all objects server-side: those that need it have an annotation', () => {
  expect(applicationOf({}).spec.syncPolicy.syncOptions).toBeUndefined();
});

test.each([
  [{ repository: undefined }, 'repository: undefined is not the address of a repository'],
  [{ repository: '../onprem' }, 'repository: "../onprem" is not the address of a repository'],
  [{ repository: 'https://bot:hunter2@git.example.com/a.git' }, 'repository: "…" contains credentials'],
  [{ path: '/dist' }, 'path: "/dist" is not a folder in a repository'],
  [{ path: 'dist/../..' }, 'path: "dist/../.." is not a folder in a repository'],
  [{ revision: '' }, 'revision: "" is not a branch, tag or commit'],
  [{ cluster: 'http://north' }, 'cluster: "http://north" is not a valid cluster of Argo CD'],
  [{ refreshOnRetry: 'yes' }, 'refreshOnRetry: "yes" is'],
  [{ onDelete: 'yes' }, 'onDelete: "yes" is not one of the known values'],
  [{ url: 'a' }, '"url" is an unknown option'],
])('rejects %j', (props, reason) => {
  const { site } = siteWithNetwork();
  new ArgoCdBootstrap(site, 'argo-cd', { repository, ...props } as never);
  expect(findingsOf(site)).toEqual([expect.stringContaining(`site example › Argo CD bootstrap argo-cd`)]);
  expect(findingsOf(site)[0]).toContain(reason);
  expect(findingsOf(site)[0]).not.toContain('hunter2');
});

test.each(['ssh://git@git.example.com/network/onprem.git', 'git@git.example.com:network/onprem.git'])(
  'accepts %s, whose key is a Secret of Argo CD',
  (address) => expect(applicationOf({ repository: address }).spec.source.repoURL).toBe(address),
);
