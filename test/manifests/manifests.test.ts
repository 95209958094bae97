import { parseAllDocuments } from 'yaml';
import { readOutput } from '../../scripts/output';
import { fixtureSite } from '../fixture-site';
import { everyOptionSite } from '../fixtures/charts';

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly annotations?: Record<string, string> };
}

interface Attribute {
  readonly baseName: string;
  readonly type: string;
}

/** Checks values and enumerations against the schemas of kubernetes-models. */
function wrongValues(manifest: Manifest): string[] {
  const Model = require(`kubernetes-models/${manifest.apiVersion}`)[manifest.kind];
  try {
    new Model(manifest).validate();
    return [];
  } catch (error) {
    return [(error as Error).message];
  }
}

/** Checks keys and plain types against the official client's models, because kubernetes-models accepts any key. */
function unknownKeys(value: unknown, type: string, path: string): string[] {
  if (value === null) return [`${path} is null`];
  const elements = /^Array<(.+)>$/.exec(type)?.[1];
  if (elements !== undefined) {
    if (!Array.isArray(value)) return [`${path} is not an array`];
    return value.flatMap((element, i) => unknownKeys(element, elements, `${path}[${i}]`));
  }
  const values = /^\{ \[key: string\]: (.+); \}$/.exec(type)?.[1];
  if (values !== undefined)
    return Object.entries(value as object).flatMap(([key, one]) => unknownKeys(one, values, `${path}[${key}]`));
  if (['string', 'number', 'boolean'].includes(type)) return typeof value === type ? [] : [`${path} is not a ${type}`];
  if (type === 'IntOrString') return ['string', 'number'].includes(typeof value) ? [] : [`${path} is not a ${type}`];
  return unknownAttributes(value as object, type, path);
}

function unknownAttributes(value: object, type: string, path: string): string[] {
  const model = require(`@kubernetes/client-node/dist/gen/models/${type}.js`)[type];
  const attributes = new Map((model.getAttributeTypeMap() as Attribute[]).map((one) => [one.baseName, one.type]));
  return Object.entries(value).flatMap(([key, one]) => {
    const attributeType = attributes.get(key);
    return attributeType === undefined
      ? [`${path}.${key} is unknown`]
      : unknownKeys(one, attributeType, `${path}.${key}`);
  });
}

function problemsOf(manifest: Manifest): string[] {
  return [...wrongValues(manifest), ...unknownKeys(manifest, `V1${manifest.kind}`, manifest.kind)];
}

/** Whether Flux would change the object, because it contains a variable to substitute. */
function isSubstituted({ metadata, ...rest }: Manifest): boolean {
  if (metadata.annotations?.['kustomize.toolkit.fluxcd.io/substitute'] === 'disabled') return false;
  return /\$\{[A-Za-z_]/.test(JSON.stringify([metadata, rest]));
}

function manifestsIn(yaml: string): Manifest[] {
  return parseAllDocuments(yaml, { version: '1.1' }).map((document) => document.toJS() as Manifest);
}

const made = [...readOutput(fixtureSite())].filter(([path]) => path.startsWith('dist/') && path.endsWith('.yaml'));
const manifests: [name: string, Manifest][] = [
  ...made.flatMap(([path, content]) => manifestsIn(`${content}`).map((one) => [path, one] as const)),
  ...manifestsIn(everyOptionSite().synthYaml()).map((one) => ['every option', one] as const),
]
  // OpenShift's own kind, for which neither package has a schema. security-context-constraints.test.ts compares it with the pod.
  .filter(([, { kind }]) => kind !== 'SecurityContextConstraints')
  .map(([source, manifest]) => [`${source}: ${manifest.kind} ${manifest.metadata.name}`, manifest]);

test('the checks cover every kind', () => {
  expect(new Set(manifests.map(([, { kind }]) => kind))).toEqual(
    new Set([
      'Namespace',
      'ResourceQuota',
      'ConfigMap',
      'ServiceAccount',
      'Role',
      'RoleBinding',
      'DaemonSet',
      'Deployment',
      'NetworkPolicy',
      'PodDisruptionBudget',
      'Service',
      'EndpointSlice',
      'Endpoints',
    ]),
  );
});

test.each(manifests)('%s is valid', (_, manifest) => {
  expect(problemsOf(manifest)).toEqual([]);
  expect(isSubstituted(manifest)).toBe(false);
});

describe('the checks', () => {
  const container = { name: 'a', image: 'a:1', imagePullPolicy: 'Always', ports: [{ containerPort: 80 }] };
  const podOf = (differs: object) =>
    ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'a' },
      spec: { containers: [{ ...container, ...differs }] },
    }) as Manifest;

  test('accept a valid pod', () => expect(problemsOf(podOf({}))).toEqual([]));

  test.each([
    [{ imagePullPolicy: 'Sometimes' }, /imagePullPolicy/],
    [{ ports: [{ containerPort: '80' }] }, /containerPort is not a number/],
    [{ hostnetwork: true }, /Pod\.spec\.containers\[0\]\.hostnetwork is unknown/],
    [{ env: [{ name: 'A', valueFrom: { fieldRef: { fieldpath: 'a' } } }] }, /fieldRef\.fieldpath is unknown/],
    [{ resources: { limits: { cpu: null } } }, /cpu\] is null/],
    [{ command: 'node' }, /command is not an array/],
  ])('%j', (differs, message) => {
    expect(problemsOf(podOf(differs)).join('\n')).toMatch(message);
  });

  test('find a variable that Flux would substitute', () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable that Flux would substitute
    const manifest = podOf({ args: ['${CLUSTER}'] });
    expect(isSubstituted(manifest)).toBe(true);
    const annotations = { 'kustomize.toolkit.fluxcd.io/substitute': 'disabled' };
    expect(isSubstituted({ ...manifest, metadata: { name: 'a', annotations } })).toBe(false);
  });
});
