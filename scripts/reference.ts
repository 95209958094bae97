/** `npm run reference`: writes docs/reference.md, which lists every option of every construct, from the doc comments of the props. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Comment, parseSync } from 'oxc-parser';
import { writePage } from './generated-page';
import { offerHelp } from './terminal';

const ROOT = join(__dirname, '..');
const CHARTS = 'lib/charts';
const PAGE = join('docs', 'reference.md');

/** The sections in the order in which users meet the constructs: heading, file of the props, interfaces. */
const SECTIONS: readonly (readonly [heading: string, file: string, interfaces: readonly string[]])[] = [
  ['Site', 'site/site.ts', ['SiteProps']],
  ['cluster', 'site/cluster.ts', ['ClusterProps']],
  ['site.onPremise', 'site/on-premise.ts', ['OnPremiseProps']],
  ['vpn', 'vpn/options.ts', ['VpnProps', 'RouterProps', 'ProposalProps']],
  ['NodeRoutes', 'node-routes/props.ts', ['NodeRoutesProps']],
  ['NodeRoutes: allow', 'node-routes/allowed.ts', ['AllowProps']],
  ['A route', '../network/route.ts', ['RouteFields']],
  ['ExternalService', 'external-service/options.ts', ['ExternalServiceProps']],
  ['A port', 'external-service/ports.ts', ['PortSpec']],
  ['health', 'server-health/probe-options.ts', ['ServerHealthProbe', 'HttpProbeSpec', 'TlsProbeSpec']],
  ['ServerHealth', 'server-health/options.ts', ['ServerHealthProps']],
  ['Monitoring', 'monitoring/monitoring.ts', ['MonitoringProps']],
  ['ArgoCdBootstrap', 'gitops/argo-cd.ts', ['ArgoCdBootstrapProps']],
  ['FluxBootstrap', 'gitops/flux.ts', ['FluxBootstrapProps']],
  ['FluxBootstrap: source', 'gitops/flux-source.ts', ['FluxGitSource', 'FluxOciSource', 'FluxKnownSource']],
];

interface Member {
  readonly name: string;
  readonly type: string;
  readonly isOptional: boolean;
  readonly comment: string;
}

/** The fields of an interface. @throws if the file has no interface of that name */
function membersOf(file: string, name: string): Member[] {
  const path = join(ROOT, CHARTS, file);
  const text = readFileSync(path, 'utf8');
  const { program, comments, errors } = parseSync(path, text);
  if (errors.length > 0) throw new Error(`${file}: ${errors[0]?.message}`);
  for (const statement of program.body) {
    const declared = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement;
    if (declared?.type !== 'TSInterfaceDeclaration' || declared.id.name !== name) continue;
    return declared.body.body.flatMap((member) => {
      if (member.type !== 'TSPropertySignature' || member.key.type !== 'Identifier') return [];
      const type = member.typeAnnotation?.typeAnnotation;
      return [
        {
          name: member.key.name,
          type: type === undefined || type === null ? '' : text.slice(type.start, type.end),
          isOptional: member.optional,
          comment: commentBefore(comments, text, member.start),
        },
      ];
    });
  }
  throw new Error(`${file} has no interface ${name}`);
}

/** The doc comment directly before `start`, as one line. */
function commentBefore(comments: readonly Comment[], text: string, start: number): string {
  const before = comments
    .filter(({ type, end }) => type === 'Block' && end <= start && text.slice(end, start).trim() === '')
    .at(-1);
  const lines = (before?.value ?? '').split('\n').map((line) => line.replace(/^\s*\*+ ?/, '').trim());
  return lines.join(' ').trim();
}

function rowOf({ name, type, isOptional, comment }: Member): string {
  const [says = '', ...tags] = comment.split(/ ?@(?=default|throws|internal)/);
  const fallback = tags.find((tag) => tag.startsWith('default'))?.replace(/^default /, '');
  const cell = (words: string) => words.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ').trim();
  const prose = (words: string) => cell(words).replaceAll(/`[^`]*`|</g, (part) => (part === '<' ? '&lt;' : part));
  const given = isOptional ? (fallback ?? '') : 'required';
  return `| \`${name}\` | \`${cell(type)}\` | ${prose(given)} | ${prose(says)} |`;
}

function referencePage(): string {
  const sections = SECTIONS.flatMap(([heading, file, interfaces]) => [
    `## ${heading}`,
    '',
    ...interfaces.flatMap((name) => [
      ...(interfaces.length > 1 ? [`### ${name}`, ''] : []),
      '| option | type | default | what it does |',
      '| --- | --- | --- | --- |',
      ...membersOf(file, name).map(rowOf),
      '',
    ]),
  ]);
  return [
    '# All options',
    '',
    '`npm run reference` writes this page from the comments in [lib/charts](../lib/charts). Synthesis rejects all wrong values at once, and gives the',
    'reason and the remedy for each.',
    '',
    ...sections,
  ]
    .join('\n')
    .replace(/\n+$/, '\n');
}

offerHelp(`npm run reference -- [--check]: writes docs/reference.md, every option of every construct, from their comments

  --check   write nothing, and end with exit code 1 if the page is out of date
`);
writePage({ root: ROOT, path: PAGE, text: referencePage() });
