import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { Address, Subnet } from '../lib/network';
import { linkedProject, pathsBelow, REPOSITORY } from '../test/repository';

jest.setTimeout(60_000);

interface Block {
  readonly language: string;
  /** The rest of the line after the language: a file name, `run`, `by …` or `not run: …`. */
  readonly tag: string;
  readonly text: string;
}

const DOCS = join(REPOSITORY, 'docs');
const read = (page: string) => readFileSync(join(DOCS, page), 'utf8');
/** The pages that describe tasks; overlapping-networks.md explains. */
const PAGES = [...read('README.md').matchAll(/\]\(([\w-]+\.md)\)/g)]
  .map(([, page]) => page as string)
  .filter((page) => page !== 'overlapping-networks.md');

function blocksOf(page: string): Block[] {
  const fences = read(page).matchAll(/^( *)```(\w+)(?: (.+))?\n([\s\S]*?)^\1```$/gm);
  return [...fences].map(([, indent, language, tag, text]) => ({
    language: language as string,
    tag: tag ?? '',
    text: (text as string).replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  }));
}

/** The last word of a command. A test that runs the command must contain it. */
function gistOf(text: string): string {
  return ((text.trim().split('\n')[0] as string).split(/ +#/)[0] as string).split(' ').at(-1) as string;
}

test('the index links every page', () => {
  const pages = readdirSync(DOCS).filter((name) => name.endsWith('.md') && name !== 'README.md');
  expect([...PAGES, 'overlapping-networks.md'].sort()).toEqual(pages.sort());
});

test('the index has a heading for each need', () => {
  expect(read('README.md').match(/(?<=^## ).+$/gm)).toEqual([
    'First steps',
    'How-to',
    'Concepts',
    'Reference',
    'Troubleshooting',
    'About these pages',
  ]);
});

const SOURCES = pathsBelow('lib', 'scripts', 'test', 'imports');

/** Paths in backticks that do not exist: files of the repository, and sources that are named by the end of their path. */
function missingPaths(text: string): string[] {
  const paths = [...text.matchAll(/`([\w./-]+)`/g)].map(([, path]) => path as string);
  const isOurs = (path: string) => /^(?:lib|scripts|test|docs|imports|\.ci|\.github)\//.test(path);
  const isSource = (path: string) => /^[\w/-][\w./-]*\.[jt]s$/.test(path) && !/^(?:main\.[jt]s$|sites\/)/.test(path);
  return paths.filter((path) =>
    isOurs(path)
      ? !existsSync(join(REPOSITORY, path))
      : isSource(path) && !SOURCES.some((source) => source.endsWith(`/${path}`)),
  );
}

test('a path in backticks that does not exist is found', () => {
  const text =
    '`lib/index.ts` `lib/nothing.ts` `reconciler.ts` `nothing.ts` `main.ts` `sites/a.ts` `10.0.0.0/8` `a b.ts`';
  expect(missingPaths(text)).toEqual(['lib/nothing.ts', 'nothing.ts']);
});

test.each([
  ...[...PAGES, 'overlapping-networks.md', 'README.md'].map((page) => `docs/${page}`),
  ...readdirSync(join(DOCS, 'decisions')).map((page) => `docs/decisions/${page}`),
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
])('every path in backticks in %s exists', (page) => {
  expect(missingPaths(readFileSync(join(REPOSITORY, page), 'utf8'))).toEqual([]);
});

test.each(PAGES)('%s says for every command how it is tested', (page) => {
  for (const { language, tag, text } of blocksOf(page)) {
    if (language === 'ini' || language === 'json') continue; // files on nodes
    if (language === 'text') continue; // output of a command
    if (language === 'mermaid') continue; // written by npm run diagram and checked by scripts/diagram.test.ts
    if (language === 'sh') expect(tag).toMatch(/^(?:run|not run: .+|by [\w./-]+\.test\.ts)$/);
    else expect(tag).toMatch(/^[\w./-]+\.(?:ts|yaml)$/);
    const test = /^by (.+)/.exec(tag)?.[1];
    if (test !== undefined) expect(readFileSync(join(REPOSITORY, test), 'utf8')).toContain(gistOf(text));
  }
});

test.each([...PAGES, 'README.md'])('every link in %s has a target', (page) => {
  for (const [, target, anchor] of read(page).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)/g)) {
    expect(existsSync(join(DOCS, target as string))).toBe(true);
    if (anchor === undefined || target === '') continue;
    const headings = [...readFileSync(join(DOCS, target as string), 'utf8').matchAll(/^#+ (.+)$/gm)];
    expect(
      headings.map(([, text]) =>
        text
          ?.toLowerCase()
          .replaceAll(/[^\w -]/g, '')
          .replaceAll(' ', '-'),
      ),
    ).toContain(anchor);
  }
});

describe('the commands of the docs', () => {
  let folder: string;
  let copy: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'docs-'));
    copy = linkedProject(join(folder, 'copy'));
    cpSync(join(REPOSITORY, '.gitignore'), join(copy, '.gitignore'));
    bash(
      'git init --quiet --initial-branch=main && git config user.name docs && git config user.email docs@example.com',
    );
    bash('npm run synth && git add . && git commit --quiet --message=before && git tag before');
  });
  beforeEach(() => bash('git reset --quiet --hard before && git clean --quiet --force -d'));
  afterAll(() => rmSync(folder, { recursive: true }));

  function bash(script: string): void {
    const { status, stdout, stderr } = spawnSync('bash', ['-euo', 'pipefail', '-c', script], {
      cwd: copy,
      encoding: 'utf8',
    });
    expect({ script, status, output: status === 0 ? '' : stdout + stderr }).toEqual({ script, status: 0, output: '' });
  }

  const withCommands = PAGES.filter((page) => blocksOf(page).some(({ tag }) => tag === 'run'));
  test.each(withCommands)('the commands of %s succeed in the order of the page', (page) => {
    for (const { language, tag, text } of blocksOf(page)) {
      if (language === 'ts') write(tag, text);
      else if (tag === 'run') bash(text);
    }
  });

  function write(path: string, text: string): void {
    mkdirSync(dirname(join(copy, path)), { recursive: true });
    writeFileSync(join(copy, path), text);
  }
});

/** `resource.exclusions` in manifests/base/config/argocd-cm.yaml of argoproj/argo-cd: the same list in v3.0.0 to v3.5.1 and 3.6.0. */
const SHIPPED_BY_ARGO_CD = [
  { apiGroups: ['', 'discovery.k8s.io'], kinds: ['Endpoints', 'EndpointSlice'] },
  { apiGroups: ['coordination.k8s.io'], kinds: ['Lease'] },
  {
    apiGroups: ['authentication.k8s.io', 'authorization.k8s.io'],
    kinds: [
      'SelfSubjectReview',
      'TokenReview',
      'LocalSubjectAccessReview',
      'SelfSubjectAccessReview',
      'SelfSubjectRulesReview',
      'SubjectAccessReview',
    ],
  },
  { apiGroups: ['certificates.k8s.io'], kinds: ['CertificateSigningRequest'] },
  { apiGroups: ['cert-manager.io'], kinds: ['CertificateRequest'] },
  { apiGroups: ['cilium.io'], kinds: ['CiliumIdentity', 'CiliumEndpoint', 'CiliumEndpointSlice'] },
  {
    apiGroups: ['kyverno.io', 'reports.kyverno.io', 'wgpolicyk8s.io'],
    kinds: [
      'PolicyReport',
      'ClusterPolicyReport',
      'EphemeralReport',
      'ClusterEphemeralReport',
      'AdmissionReport',
      'ClusterAdmissionReport',
      'BackgroundScanReport',
      'ClusterBackgroundScanReport',
      'UpdateRequest',
    ],
  },
];

test('the exclusions for an Argo CD administrator are the defaults of Argo CD without EndpointSlice', () => {
  const patch = blocksOf('argo-cd.md').find(({ tag }) => tag === 'argo-cd-3.yaml')?.text as string;
  const [network, ...others] = SHIPPED_BY_ARGO_CD;
  expect(network?.kinds).toEqual(['Endpoints', 'EndpointSlice']);
  expect(parse(parse(patch).data['resource.exclusions'])).toEqual([
    { apiGroups: [''], kinds: ['Endpoints'] },
    ...others,
  ]);
});

test('no manifest overwrites the settings of Argo CD', () => {
  for (const page of PAGES) expect(read(page)).not.toMatch(/kind: ConfigMap[\s\S]*name: argocd-cm/);
});

test('the main.ts in dns-zone.md routes the resolvers that the page names', () => {
  const [main, corefile] = ['main.ts', 'corefile.yaml'].map(
    (wanted) => blocksOf('dns-zone.md').find(({ tag }) => tag === wanted)?.text as string,
  ) as [string, string];
  const resolvers = /forward \. ([\d. ]+) \{/.exec(corefile)?.[1]?.trim().split(' ') ?? [];
  const subnets = [...main.matchAll(/subnets: \['([\d./]+)'\]/g)].map(([, subnet]) => Subnet.parse(subnet));
  expect(resolvers).toHaveLength(2);
  for (const resolver of resolvers) {
    expect(subnets.some((subnet) => subnet.contains(Address.parse(resolver)))).toBe(true);
    expect(main).toContain(`'${resolver}'`);
  }
});
