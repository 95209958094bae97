import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { filesOf, writeAtomically } from './pod-volumes';

const sources = {
  namespace: 'lab',
  objects: [
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c', namespace: 'lab' }, data: { a: 'A', b: 'B' } },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c', namespace: 'other' }, data: { a: 'wrong' } },
  ],
  token: 'secret',
  user: 1000,
  field: (path: string) => `<${path}>`,
};

test('a ConfigMap becomes a file for every key, or for the selected items', () => {
  expect(filesOf({ name: 'v', configMap: { name: 'c' } }, sources)).toEqual(
    new Map([
      ['a', { content: 'A', mode: 0o644 }],
      ['b', { content: 'B', mode: 0o644 }],
    ]),
  );
  const items = [{ key: 'a', path: 'sub/x', mode: 0o400 }];
  expect(filesOf({ name: 'v', configMap: { name: 'c', items } }, sources)).toEqual(
    new Map([['sub/x', { content: 'A', mode: 0o400 }]]),
  );
});

test('a missing source is an error unless it is optional', () => {
  expect(() => filesOf({ name: 'v', configMap: { name: 'd' } }, sources)).toThrow('configmap "d" not found');
  expect(filesOf({ name: 'v', configMap: { name: 'd', optional: true } }, sources)).toEqual(new Map());
  const items = [{ key: 'z', path: 'z' }];
  expect(() => filesOf({ name: 'v', configMap: { name: 'c', items } }, sources)).toThrow('has no key z');
  const secret = { name: 'v', projected: { sources: [{ secret: { name: 's' } }] } };
  expect(() => filesOf(secret, sources)).toThrow('secret is not supported by the lab');
});

test('a projected volume combines token, ConfigMap and downward API', () => {
  const files = filesOf(
    {
      name: 'v',
      projected: {
        sources: [
          { serviceAccountToken: { path: 'token' } },
          { configMap: { name: 'c', items: [{ key: 'a', path: 'ca.crt' }] } },
          { downwardAPI: { items: [{ path: 'namespace', fieldRef: { fieldPath: 'metadata.namespace' } }] } },
        ],
      },
    },
    sources,
  );
  expect([...(files ?? [])].map(([path, { content, owner }]) => [path, content, owner])).toEqual([
    ['token', 'secret', sources.user],
    ['ca.crt', 'A', undefined],
    ['namespace', '<metadata.namespace>', undefined],
  ]);
});

test('files are links through ..data, and an update replaces all of them with one rename', () => {
  const folder = mkdtempSync(join(tmpdir(), 'volume-test-'));
  const file = (content: string) => ({ content, mode: 0o640 });
  try {
    writeAtomically(
      folder,
      new Map([
        ['keep', file('1')],
        ['old', file('1')],
      ]),
    );
    const before = readlinkSync(join(folder, '..data'));
    expect(readlinkSync(join(folder, 'keep'))).toBe('..data/keep');
    expect(statSync(join(folder, 'keep')).mode & 0o777).toBe(0o640);

    writeAtomically(
      folder,
      new Map([
        ['keep', file('2')],
        ['sub/new', file('2')],
      ]),
    );
    expect(readFileSync(join(folder, 'keep'), 'utf8')).toBe('2');
    expect(readFileSync(join(folder, 'sub/new'), 'utf8')).toBe('2');
    expect(existsSync(join(folder, before))).toBe(false);
    expect(readdirSync(folder).filter((name) => !name.startsWith('..'))).toEqual(['keep', 'sub']);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
