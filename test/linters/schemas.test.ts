import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeSchemas } from './schemas';

const PORT = 'io.k8s.apimachinery.pkg.util.intstr.IntOrString';
const OPENAPI = {
  definitions: {
    Service: {
      type: 'object',
      properties: { spec: { $ref: '#/definitions/Spec' } },
      'x-kubernetes-group-version-kind': [{ group: '', version: 'v1', kind: 'Service' }],
    },
    Spec: {
      type: 'object',
      properties: {
        port: { $ref: `#/definitions/${PORT}` },
        selector: { type: 'object', additionalProperties: { type: 'string' } },
      },
    },
    [PORT]: { type: 'string', format: 'int-or-string' },
    NetworkPolicy: {
      type: 'object',
      'x-kubernetes-group-version-kind': [{ group: 'networking.k8s.io', version: 'v1', kind: 'NetworkPolicy' }],
    },
    DeleteOptions: {
      'x-kubernetes-group-version-kind': [
        { group: '', version: 'v1', kind: 'DeleteOptions' },
        { group: 'apps', version: 'v1', kind: 'DeleteOptions' },
      ],
    },
  },
};

describe('writeSchemas', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'schemas-'));
  const made = join(scratch, 'made');
  afterAll(() => rmSync(scratch, { recursive: true }));
  beforeAll(() => {
    writeSchemas(JSON.stringify(OPENAPI), made);
  });

  it('names a file by kind, first part of the group, and version', () => {
    expect(readdirSync(made).sort()).toEqual(['networkpolicy-networking-v1.json', 'service-v1.json']);
  });

  it('writes all definitions that a kind refers to, rejects unknown fields, and allows numbers as ports', () => {
    const { definitions } = JSON.parse(readFileSync(join(made, 'service-v1.json'), 'utf8'));
    expect(Object.keys(definitions).sort()).toEqual(['Service', 'Spec', PORT].sort());
    expect(definitions.Spec.additionalProperties).toBe(false);
    expect(definitions.Spec.properties.selector.additionalProperties).toEqual({ type: 'string' });
    expect(definitions[PORT]).toEqual({ type: ['string', 'number'] });
  });
});
