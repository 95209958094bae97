import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPOSITORY } from '../../../test/repository';
import { DEFAULT_DIGEST, DEFAULT_IMAGE, imageReference } from './image';

const DIGEST = `sha256:${'ab'.repeat(32)}`;

test.each([
  ['the default image is pinned', DEFAULT_IMAGE, undefined, `${DEFAULT_IMAGE}@${DEFAULT_DIGEST}`],
  ['a digest that is given counts', DEFAULT_IMAGE, DIGEST, `${DEFAULT_IMAGE}@${DIGEST}`],
  [
    'another image has the digest that is given',
    'registry.example/node:26.11.0',
    DIGEST,
    `registry.example/node:26.11.0@${DIGEST}`,
  ],
  [
    'another image without a digest has none',
    'registry.example/node:26.11.0',
    undefined,
    'registry.example/node:26.11.0',
  ],
])('%s', (_, image, digest, reference) => {
  expect(imageReference({ image, digest })).toBe(reference);
});

test('the own image is built from the same one', () => {
  const [, from] = /^FROM (\S+)$/m.exec(readFileSync(join(REPOSITORY, 'Dockerfile'), 'utf8')) ?? [];
  expect(from).toBe(`${DEFAULT_IMAGE}@${DEFAULT_DIGEST}`);
});
