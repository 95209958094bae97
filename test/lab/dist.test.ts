import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { find, parseManifests, readDist } from './dist';

const YAML = 'kind: A\nmetadata: { name: x }\n---\nkind: A\nmetadata: { name: y, namespace: n }\n---\n# nothing\n';

test('manifests are read in the order of their file names, and other files are ignored', () => {
  const folder = mkdtempSync(join(tmpdir(), 'dist-test-'));
  writeFileSync(join(folder, 'b.k8s.yaml'), YAML);
  writeFileSync(join(folder, 'a.k8s.yaml'), 'kind: B\nmetadata: { name: z }\n');
  writeFileSync(join(folder, 'README.md'), '# no YAML');
  expect(readDist(folder).map(({ metadata }) => metadata.name)).toEqual(['z', 'x', 'y']);
  rmSync(folder, { recursive: true });
});

test('exactly one object must match', () => {
  const objects = parseManifests(YAML);
  expect(find(objects, 'A', 'y').metadata.namespace).toBe('n');
  expect(() => find(objects, 'A')).toThrow('2 objects match A, expected one of: A x, A y');
  expect(() => find(objects, 'A', 'x', 'n')).toThrow('0 objects match A x, expected one of: A x, A y');
});
