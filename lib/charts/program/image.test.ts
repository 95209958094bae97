import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPOSITORY } from '../../../test/repository';
import { DEFAULT_DIGEST, DEFAULT_IMAGE, imageReference } from './image';

const DIGEST = `sha256:${'ab'.repeat(32)}`;

test.each([
  ['pins the default image', DEFAULT_IMAGE, undefined, `${DEFAULT_IMAGE}@${DEFAULT_DIGEST}`],
  ['prefers the given digest', DEFAULT_IMAGE, DIGEST, `${DEFAULT_IMAGE}@${DIGEST}`],
  [
    'adds the given digest to another image',
    'registry.example/node:26.11.0',
    DIGEST,
    `registry.example/node:26.11.0@${DIGEST}`,
  ],
  [
    'adds no digest to another image by default',
    'registry.example/node:26.11.0',
    undefined,
    'registry.example/node:26.11.0',
  ],
])('%s', (_, image, digest, reference) => {
  expect(imageReference({ image, digest })).toBe(reference);
});

test('the Dockerfile builds from the default image', () => {
  const [, from] = /^FROM (\S+)$/m.exec(readFileSync(join(REPOSITORY, 'Dockerfile'), 'utf8')) ?? [];
  expect(from).toBe(`${DEFAULT_IMAGE}@${DEFAULT_DIGEST}`);
});
