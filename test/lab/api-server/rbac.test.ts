import { parseManifests } from '../dist';
import { allows, grantsOf } from './rbac';

const objects = parseManifests(`
kind: Role
metadata: { name: reader, namespace: onprem-link }
rules:
  - { apiGroups: [""], resources: [configmaps], resourceNames: [static-routes], verbs: [get, list, watch] }
  - { apiGroups: [apps], resources: [configmaps], verbs: ["*"] }
  - { apiGroups: [""], resources: [namespaces], resourceNames: [onprem-link], verbs: [get] }
  - { apiGroups: [apps], resources: [daemonsets], resourceNames: [node-routes], verbs: [get] }
---
kind: RoleBinding
metadata: { name: reader, namespace: onprem-link }
roleRef: { kind: Role, name: reader }
subjects: [{ kind: ServiceAccount, name: agent }]
`);

test('a service account has the permissions of its bindings, and no others', () => {
  const grants = grantsOf(objects, { namespace: 'onprem-link', name: 'agent' });
  const namespace = 'onprem-link';
  expect(grants).toEqual([
    { resource: 'configmaps', namespace, names: ['static-routes'], verbs: ['get', 'list', 'watch'] },
    { resource: 'namespaces', namespace, names: ['onprem-link'], verbs: ['get'] },
    { resource: 'daemonsets', namespace, names: ['node-routes'], verbs: ['get'] },
  ]);
  expect(grantsOf(objects, { namespace: 'default', name: 'agent' })).toEqual([]);
});

test('a permission for one name does not cover all names', () => {
  const grants = grantsOf(objects, { namespace: 'onprem-link', name: 'agent' });
  expect(allows(grants, 'list', 'configmaps', 'onprem-link', 'static-routes')).toBe(true);
  expect(allows(grants, 'list', 'configmaps', 'onprem-link', undefined)).toBe(false);
  expect(allows(grants, 'get', 'configmaps', 'onprem-link', 'other')).toBe(false);
  expect(allows(grants, 'get', 'configmaps', 'default', 'static-routes')).toBe(false);
  expect(allows(grants, 'get', 'daemonsets', 'onprem-link', 'static-routes')).toBe(false);
  expect(allows(grants, 'delete', 'configmaps', 'onprem-link', 'static-routes')).toBe(false);
});
