import { parseManifests } from './dist';
import { allows, grantsOf } from './rbac';

const objects = parseManifests(`
kind: Role
metadata: { name: reader, namespace: onprem-link }
rules:
  - { apiGroups: [""], resources: [configmaps], resourceNames: [static-routes], verbs: [get, list, watch] }
  - { apiGroups: [apps], resources: [configmaps], verbs: ["*"] }
---
kind: RoleBinding
metadata: { name: reader, namespace: onprem-link }
roleRef: { kind: Role, name: reader }
subjects: [{ kind: ServiceAccount, name: agent }]
`);

test('a service account has what its bindings give to it, and no more', () => {
  const grants = grantsOf(objects, { namespace: 'onprem-link', name: 'agent' });
  expect(grants).toEqual([{ namespace: 'onprem-link', names: ['static-routes'], verbs: ['get', 'list', 'watch'] }]);
  expect(grantsOf(objects, { namespace: 'default', name: 'agent' })).toEqual([]);
});

test('a right to one name is no right to all', () => {
  const grants = grantsOf(objects, { namespace: 'onprem-link', name: 'agent' });
  expect(allows(grants, 'list', 'onprem-link', 'static-routes')).toBe(true);
  expect(allows(grants, 'list', 'onprem-link', undefined)).toBe(false);
  expect(allows(grants, 'get', 'onprem-link', 'other')).toBe(false);
  expect(allows(grants, 'get', 'default', 'static-routes')).toBe(false);
  expect(allows(grants, 'delete', 'onprem-link', 'static-routes')).toBe(false);
});
