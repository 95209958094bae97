/** `npm run errors`: writes docs/errors.md, which lists every message that rejects an input. It reads them from the calls. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSync } from 'oxc-parser';
import { writePage } from './generated-page';
import { offerHelp } from './terminal';

const ROOT = join(__dirname, '..');
const PAGE = join('docs', 'errors.md');

/** The sections of the page, in order. A file belongs to the first section that has a prefix of its path. */
const SECTIONS: readonly (readonly [heading: string, paths: readonly string[]])[] = [
  ['Addresses, subnets and routes', ['lib/network/']],
  ['Site and on-premise networks', ['lib/charts/site/', 'lib/import-sites.ts']],
  ['VPN and routers', ['lib/charts/vpn/', 'lib/routers/']],
  ['NodeRoutes', ['lib/charts/node-routes/']],
  ['ExternalService', ['lib/charts/external-service/']],
  ['Server health', ['lib/charts/server-health/']],
  ['Monitoring, Argo CD and Flux', ['lib/charts/monitoring/', 'lib/charts/gitops/']],
  ['All constructs', ['lib/charts/']],
  ['Programs in the cluster', ['lib/settings/', 'lib/agent/', 'lib/servers/']],
];

/** A node of the syntax tree, with the fields of ESTree. */
type Node = Record<string, unknown> & { readonly type: string };

interface Message {
  readonly reason: string;
  readonly remedy: string;
}

const isNode = (value: unknown): value is Node => typeof (value as Node | null)?.type === 'string';

/** The texts that an expression can produce, with … for parts known only at run time; empty if no part is fixed. */
function textsOf(node: unknown): string[] {
  if (!isNode(node)) return [];
  if (node.type === 'Literal') return typeof node.value === 'string' ? [node.value] : [];
  if (node.type === 'ConditionalExpression') return [...textsOf(node.consequent), ...textsOf(node.alternate)];
  if (node.type !== 'TemplateLiteral') return [];
  const quasis = node.quasis as readonly { readonly value: { readonly cooked: string } }[];
  return [quasis.map(({ value }) => value.cooked).join('…')];
}

/** The reason and the remedy: the last two arguments of these calls, or two fields of a finding. */
function reasonAndRemedy(node: Node): readonly unknown[] | undefined {
  if (node.type === 'CallExpression') {
    const callee = node.callee as Node;
    const name = (callee.type === 'MemberExpression' ? callee.property : callee) as Node;
    return /^(refuse|add|tell\w*|reject\w*)$/.test(String(name.name))
      ? (node.arguments as unknown[]).slice(-2)
      : undefined;
  }
  if (node.type !== 'ObjectExpression') return undefined;
  const fields = node.properties as readonly { readonly key?: { readonly name?: string }; readonly value?: unknown }[];
  const field = (wanted: string) => fields.find(({ key }) => key?.name === wanted);
  return field('reason') && field('remedy') && [field('reason')?.value, field('remedy')?.value];
}

function messagesIn(node: unknown): Message[] {
  if (Array.isArray(node)) return node.flatMap(messagesIn);
  if (typeof node !== 'object' || node === null) return [];
  const inside = Object.values(node).flatMap(messagesIn);
  const [reason, remedy] = (isNode(node) && reasonAndRemedy(node)) || [];
  const remedies = textsOf(remedy).join(', or ');
  const own = textsOf(reason).filter((text) => /[a-z]{2,} [a-z]/.test(text));
  return [...own.map((text) => ({ reason: text, remedy: remedies })), ...inside];
}

function messagesOf(file: string): Message[] {
  const { program, errors } = parseSync(file, readFileSync(join(ROOT, file), 'utf8'));
  if (errors.length > 0) throw new Error(`${file}: ${errors[0]?.message}`);
  return messagesIn(program.body);
}

function errorsPage(): string {
  const files = (readdirSync(join(ROOT, 'lib'), { recursive: true }) as string[])
    .map((file) => `lib/${file}`)
    .filter((file) => /(?<!\.test)\.ts$/.test(file))
    .sort();
  const taken = new Set<string>();
  const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll(/\s+/g, ' ').trim();
  const sections = SECTIONS.flatMap(([heading, paths]) => {
    const own = files.filter((file) => !taken.has(file) && paths.some((path) => file.startsWith(path)));
    for (const file of own) taken.add(file);
    const rows = own.flatMap(messagesOf).map(({ reason, remedy }) => `| ${cell(reason)} | ${cell(remedy)} |`);
    return [`## ${heading}`, '', '| message | what to do |', '| --- | --- |', ...[...new Set(rows)].sort(), ''];
  });
  return [
    '# Error messages',
    '',
    '`npm run errors` writes this page from the source code. Search it for the words of a message; `…` stands for a name, a value or a number. Each',
    'error names the place and the value first, then the message, then what to do:',
    '',
    '    site example, onPremise datacentre, subnets[1]: "10.94.227.46/24" has host bits set beyond its 24 bit prefix; did you mean "10.94.227.0/24"?',
    '',
    ...sections,
  ]
    .join('\n')
    .replace(/\n+$/, '\n');
}

offerHelp(`npm run errors -- [--check]: writes docs/errors.md, every message that rejects an input

  --check   write nothing, and end with exit code 1 if the page is out of date
`);
writePage({ root: ROOT, path: PAGE, text: errorsPage() });
