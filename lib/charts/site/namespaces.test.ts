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

test('admits the pods, survives pruning and has the quota for critical pods', () => {
  expect(yamlOf(namespaceFile({}) as Chart)).toMatchSnapshot();
});

test.each(['default', 'kube-public', 'kube-node-lease'])(
  'does not emit %s, which exists in every cluster',
  (namespace) => {
    expect(objectsOf(namespaceFile({ namespace }))).toEqual([`ResourceQuota ${namespace}`]);
  },
);

test('emits neither a quota nor an empty file for kube-system, which admits critical pods', () => {
  expect(namespaceFile({ namespace: 'kube-system' })).toBeUndefined();
});

test('needs no quota for a priority class that is not critical', () => {
  expect(objectsOf(namespaceFile({ priorityClassName: 'routing' }))).toEqual(['Namespace onprem-link']);
});

test('does not emit the Namespace with createNamespace: false', () => {
  expect(objectsOf(namespaceFile({ createNamespace: false }))).toEqual(['ResourceQuota onprem-link']);
});

test('emits each namespace once, with one quota for all of its classes', () => {
  const chart = namespaceFile({}, { priorityClassName: 'system-cluster-critical' }, { namespace: 'edge' });
  expect(objectsOf(chart)).toEqual([
    'Namespace onprem-link',
    'ResourceQuota onprem-link',
    'Namespace edge',
    'ResourceQuota edge',
  ]);
  expect(yamlOf(chart as Chart)).toContain('          - system-cluster-critical\n          - system-node-critical\n');
});
