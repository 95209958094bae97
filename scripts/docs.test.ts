import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { Address, Subnet } from '../lib/network';
import { linkedProject, REPOSITORY } from '../test/repository';

jest.setTimeout(60_000);

interface Block {
  readonly language: string;
  /** What follows the language: a file's name, `run`, `by …` or `not run: …`. */
  readonly tag: string;
  readonly text: string;
}

const DOCS = join(REPOSITORY, 'docs');
const read = (page: string) => readFileSync(join(DOCS, page), 'utf8');
/** The pages that the index lists as tasks; the others explain. */
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

/** The words of a command that a test which runs it must contain, as its last is what it does. */
function gistOf(text: string): string {
  return ((text.trim().split('\n')[0] as string).split(/ +#/)[0] as string).split(' ').at(-1) as string;
}

test('the index lists every page', () => {
  const pages = readdirSync(DOCS).filter((name) => name.endsWith('.md') && name !== 'README.md');
  expect([...PAGES, 'overlapping-networks.md'].sort()).toEqual(pages.sort());
});

test.each(PAGES)('%s says of every command how it is kept true', (page) => {
  for (const { language, tag, text } of blocksOf(page)) {
    if (language === 'ini' || language === 'json') continue; // for files on nodes
    if (language === 'text') continue; // what a command printed
    if (language === 'mermaid') continue; // drawn by npm run diagram, and tested by scripts/diagram.test.ts
    if (language === 'sh') expect(tag).toMatch(/^(?:run|not run: .+|by [\w./-]+\.test\.ts)$/);
    else expect(tag).toMatch(/^[\w./-]+\.(?:ts|yaml)$/);
    const test = /^by (.+)/.exec(tag)?.[1];
    if (test !== undefined) expect(readFileSync(join(REPOSITORY, test), 'utf8')).toContain(gistOf(text));
  }
});

test.each([...PAGES, 'README.md'])('the links of %s lead somewhere', (page) => {
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

describe('what the pages run', () => {
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
  test.each(withCommands)('%s works in the order it is written', (page) => {
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

/** `resource.exclusions` of manifests/base/config/argocd-cm.yaml in argoproj/argo-cd, tags v3.0.0 to v3.5.1 and 3.6.0: one list. */
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

test('what an administrator of Argo CD is given excludes what is shipped, without EndpointSlice and nothing more', () => {
  const patch = blocksOf('argo-cd.md').find(({ tag }) => tag === 'argo-cd-3.yaml')?.text as string;
  const [network, ...others] = SHIPPED_BY_ARGO_CD;
  expect(network?.kinds).toEqual(['Endpoints', 'EndpointSlice']);
  expect(parse(parse(patch).data['resource.exclusions'])).toEqual([
    { apiGroups: [''], kinds: ['Endpoints'] },
    ...others,
  ]);
});

test('nothing here takes over the settings of Argo CD', () => {
  for (const page of PAGES) expect(read(page)).not.toMatch(/kind: ConfigMap[\s\S]*name: argocd-cm/);
});

test('the resolvers that dns-zone.md names are routed by its own main.ts', () => {
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
