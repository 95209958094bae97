import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type Manifest, manifestsIn } from './manifests';
import { output, type Report } from './report';
import type { Find } from './tools';

/** An overlay, and the statement of docs/kustomize.md about it. */
interface Overlay {
  readonly says: string;
  /** @default all files of dist/ */
  readonly files?: RegExp;
  readonly kustomization: object;
  readonly isTrue: (built: Built, plain: Built) => boolean;
}

/** The output of a kustomize build, in its order. */
class Built {
  constructor(readonly manifests: readonly Manifest[]) {}

  of(kind: string): Manifest[] {
    return this.manifests.filter((one) => one.kind === kind);
  }

  /** Whether an object of this kind contains the text. */
  has(kind: string, text: string): boolean {
    return this.of(kind).some((one) => JSON.stringify(one).includes(text));
  }

  /** The kinds of the objects that differ in another build. */
  differing(other: Built): Set<string> {
    return new Set(
      this.manifests.filter((one, i) => !isDeepStrictEqual(one, other.manifests[i])).map(({ kind }) => kind),
    );
  }
}

const patched = (patch: object) => ({
  patches: [{ target: { kind: 'DaemonSet', name: 'inner' }, patch: JSON.stringify(patch) }],
});
const inPod = (spec: object) => ({
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: { name: 'inner' },
  spec: { template: { spec } },
});
const image = (name: string) => ({ images: [{ name, newName: 'mirror.example.com/node' }] });
const settingOf = (configMap: string) => `{"name":"CONFIG_MAP","value":"${configMap}"}`;
const onlyPods = (built: Built, plain: Built) => isDeepStrictEqual(built.differing(plain), new Set(['DaemonSet']));

/** The statements of docs/kustomize.md, in order. */
const OVERLAYS: readonly Overlay[] = [
  {
    says: 'images with the full name matches',
    kustomization: image('docker.io/library/node'),
    isTrue: (built) => built.has('DaemonSet', '"mirror.example.com/node'),
  },
  {
    says: 'images with the short name matches nothing',
    kustomization: image('node'),
    isTrue: (built, plain) => built.differing(plain).size === 0,
  },
  {
    says: 'a patch that adds to nodeSelector changes only the pods',
    kustomization: patched(inPod({ nodeSelector: { disk: 'ssd' } })),
    isTrue: (built, plain) => built.has('DaemonSet', '"disk":"ssd"') && onlyPods(built, plain),
  },
  {
    says: 'a patch of an environment variable changes only the pods',
    kustomization: patched(
      inPod({ containers: [{ name: 'route-agent', env: [{ name: 'PRIVATE_NETWORKS', value: '10.0.0.0/9' }] }] }),
    ),
    isTrue: (built, plain) => built.has('DaemonSet', '"value":"10.0.0.0/9"') && onlyPods(built, plain),
  },
  {
    says: 'labels with pairs changes no selector',
    kustomization: { labels: [{ pairs: { team: 'network' } }] },
    isTrue: (built) => built.has('Service', '"team":"network"') && !built.has('Service', '"selector"'),
  },
  {
    says: 'namePrefix renames the ConfigMap and resourceNames, but not CONFIG_MAP and the label of EndpointSlices',
    kustomization: { namePrefix: 'eu-' },
    isTrue: (built, plain) => {
      const names = plain.of('ConfigMap').map(({ metadata }) => metadata.name);
      const list = names.find((name) => plain.has('DaemonSet', settingOf(name)));
      return (
        built.of('ConfigMap').some(({ metadata }) => metadata.name === `eu-${list}`) &&
        built.has('Role', `"eu-${list}"`) &&
        built.has('DaemonSet', settingOf(`${list}`)) &&
        built.has('Service', '"name":"eu-headless"') &&
        built.has('EndpointSlice', '"kubernetes.io/service-name":"headless"')
      );
    },
  },
  {
    says: 'namespace leaves the old name in the right to read the Namespace and in the alerts, and moves Services',
    files: /^(inner|headless|monitoring)/,
    kustomization: { namespace: 'elsewhere' },
    isTrue: (built) =>
      built.of('DaemonSet').every(({ metadata }) => metadata.namespace === 'elsewhere') &&
      built.has('Role', '"resourceNames":["onprem-link"]') &&
      built.has('PrometheusRule', 'job=\\"onprem-link/onprem-link\\"') &&
      built.of('Service').every(({ metadata }) => metadata.namespace === 'elsewhere'),
  },
  {
    says: 'namespace is an error if dist/ has several namespaces',
    kustomization: { namespace: 'elsewhere' },
    isTrue: (built) => built.manifests.length === 0,
  },
  {
    says: 'commonLabels adds a selector to the Service',
    kustomization: { commonLabels: { team: 'network' } },
    isTrue: (built) => built.has('Service', '"selector":{"team":"network"}'),
  },
];

/** Checks that kustomize builds dist/, and that overlays behave as docs/kustomize.md says. */
export function kustomize(find: Find, dist: string): Report {
  const names = readdirSync(dist);
  const file = join(dist, 'kustomization.yaml');
  const build = (overlay: object, files = /yaml$/) => {
    writeFileSync(file, JSON.stringify({ resources: names.filter((name) => files.test(name)), ...overlay }));
    return new Built(manifestsIn(output(find('kustomize'), ['build', dist])));
  };
  try {
    const plain = build({});
    const wrong = OVERLAYS.filter(({ kustomization, files, isTrue }) => !isTrue(build(kustomization, files), plain));
    return {
      tool: 'kustomize',
      passed: `${plain.manifests.length} objects built, ${OVERLAYS.length} overlays as documented`,
      silenced: [],
      findings: wrong.map(({ says }) => ({ id: 'overlay', where: 'docs/kustomize.md', says: `not so: ${says}` })),
    };
  } finally {
    rmSync(file, { force: true });
  }
}
