import type { Chart } from 'cdk8s';
import { manifestsOf, siteWith, yamlOf } from '../../../test/fixtures/charts';
import { NodeRoutes } from '../node-routes/node-routes';
import type { NodeRoutesProps } from '../node-routes/props';

function namespaceFile(...propsOf: NodeRoutesProps[]): Chart | undefined {
  const site = siteWith();
  propsOf.forEach((props, i) => {
    new NodeRoutes(site, `r${i}`, { configMapName: `r${i}`, protocol: 150 + i, port: 9150 + i, ...props });
  });
  return site.charts.find((chart) => chart.node.id === 'namespace');
}

function objectsOf(chart: Chart | undefined): string[] {
  return chart === undefined
    ? []
    : manifestsOf(chart).map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? metadata.name}`);
}

test('the namespace admits the pods, survives a pruning and comes with the quota for critical pods', () => {
  expect(yamlOf(namespaceFile({}) as Chart)).toMatchSnapshot();
});

test.each(['default', 'kube-public', 'kube-node-lease'])(
  '%s exists in every cluster and is not emitted',
  (namespace) => {
    expect(objectsOf(namespaceFile({ namespace }))).toEqual([`ResourceQuota ${namespace}`]);
  },
);

test('kube-system admits critical pods without a quota, so there is nothing to emit, and no empty file', () => {
  expect(namespaceFile({ namespace: 'kube-system' })).toBeUndefined();
});

test('a class that is not critical needs no quota', () => {
  expect(objectsOf(namespaceFile({ priorityClassName: 'routing' }))).toEqual(['Namespace onprem-link']);
});

test('createNamespace: false leaves the namespace to somebody else', () => {
  expect(objectsOf(namespaceFile({ createNamespace: false }))).toEqual(['ResourceQuota onprem-link']);
});

test('each namespace once, its quota for all classes in it', () => {
  const chart = namespaceFile({}, { priorityClassName: 'system-cluster-critical' }, { namespace: 'edge' });
  expect(objectsOf(chart)).toEqual([
    'Namespace onprem-link',
    'ResourceQuota onprem-link',
    'Namespace edge',
    'ResourceQuota edge',
  ]);
  expect(yamlOf(chart as Chart)).toContain('          - system-cluster-critical\n          - system-node-critical\n');
});
