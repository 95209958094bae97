import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DEFAULT_DIGEST, DEFAULT_IMAGE } from '../lib/charts/program/image';
import { REPOSITORY } from '../test/repository';

interface CustomManager {
  readonly managerFilePatterns: readonly string[];
  readonly matchStrings: readonly string[];
}

const { customManagers, extends: presets } = JSON.parse(readFileSync(join(REPOSITORY, 'renovate.json'), 'utf8'));

/** The matches that the custom managers for a file find in a text. */
function found(path: string, text: string): Record<string, string>[] {
  const managers = (customManagers as CustomManager[]).filter(({ managerFilePatterns }) =>
    managerFilePatterns.some((pattern) => new RegExp(pattern.slice(1, -1)).test(path)),
  );
  return managers.flatMap(({ matchStrings }) =>
    matchStrings.flatMap((one) => [...text.matchAll(new RegExp(one, 'g'))].map(({ groups }) => ({ ...groups }))),
  );
}

const read = (path: string) => readFileSync(join(REPOSITORY, path), 'utf8');

test('images and actions are pinned by digest', () => {
  expect(presets).toEqual(['config:recommended', 'docker:pinDigests', 'helpers:pinGitHubActionDigests']);
});

test('Renovate updates the default image of NodeRoutes, tag and digest together', () => {
  const path = 'lib/charts/program/image.ts';
  const [depName, currentValue] = DEFAULT_IMAGE.split(':');
  expect(found(path, read(path))).toEqual([{ depName, currentValue, currentDigest: DEFAULT_DIGEST }]);
});

test.each(['main.ts', 'sites/north.ts'])('Renovate updates image and digest in %s together', (path) => {
  const digest = `sha256:${'0'.repeat(64)}`;
  expect(found(path, `{ image: 'registry.example.com/a/b:1.2.3',\n  digest: '${digest}' }`)).toEqual([
    { depName: 'registry.example.com/a/b', currentValue: '1.2.3', currentDigest: digest },
  ]);
});

test('Renovate updates every CRD address that imports/ is generated from', () => {
  const repositories = found('cdk8s.yaml', read('cdk8s.yaml')).map(({ depName }) => depName);
  expect(repositories).toEqual([
    'argoproj/argo-cd',
    'fluxcd/kustomize-controller',
    'fluxcd/source-controller',
    'fluxcd/source-controller',
    'prometheus-operator/prometheus-operator',
    'prometheus-operator/prometheus-operator',
  ]);
});
