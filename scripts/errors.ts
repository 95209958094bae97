/** `npm run errors`: writes docs/errors.md, which lists every message that rejects an input or ends a command. It reads them from the calls. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSync } from 'oxc-parser';
import { writePage } from './generated-page';
import { offerHelp } from './terminal';

const ROOT = join(__dirname, '..');
const PAGE = join('docs', 'errors.md');

/** Programs throw errors with a text, which they log. */
const IN_CLUSTER = 'Programs in the cluster';

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
  [IN_CLUSTER, ['lib/settings/', 'lib/agent/', 'lib/servers/']],
];

/**
 * The last section: what ends a command. Its files throw errors with a text, which other files do for faults of the program.
 * Files of commands that only this repository has are left out.
 */
const COMMANDS = {
  heading: 'Commands',
  paths: ['scripts/', 'lib/review/', 'lib/routers/read/', 'lib/routers/change/'],
  others:
    /^scripts\/(?:bundle|dashboard|errors|import|package|record-lab|reference|release|release-notes|summary)\.ts$/,
};

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

/** Readers of router files say what they do not understand. */
const READERS = 'lib/routers/read/';
const partOfUnknown = ({ reason }: Message): Message => ({ reason, remedy: 'follows "is not understood": see there' });

/** What `throw new …Error(text)` says, and what a generated script prints to stderr: the reason, a semicolon and the remedy. */
function thrownIn(node: unknown): Message[] {
  if (Array.isArray(node)) return node.flatMap(thrownIn);
  if (typeof node !== 'object' || node === null) return [];
  const inside = Object.values(node).flatMap(thrownIn);
  return [...(isNode(node) ? ownTexts(node) : []).map(messageOf), ...inside];
}

function ownTexts(node: Node): string[] {
  if (node.type === 'NewExpression' && /Error$/.test(String((node.callee as Node).name)))
    return textsOf((node.arguments as unknown[])[0]).filter((text) => /[a-z]{2,} [a-z]/.test(text));
  return textsOf(node).flatMap((text) => /^ *echo '(.+)' >&2$/.exec(text)?.[1] ?? []);
}

function messageOf(text: string): Message {
  const [reason = '', ...remedy] = text.split('; ');
  return { reason, remedy: remedy.join('; ') };
}

function messagesOf(file: string, readers: readonly ((body: unknown) => Message[])[]): Message[] {
  const { program, errors } = parseSync(file, readFileSync(join(ROOT, file), 'utf8'));
  if (errors.length > 0) throw new Error(`${file}: ${errors[0]?.message}`);
  return readers.flatMap((reader) => reader(program.body));
}

const sourcesIn = (folder: string): string[] =>
  (readdirSync(join(ROOT, folder), { recursive: true }) as string[])
    .map((file) => `${folder}/${file}`)
    .filter((file) => /(?<!\.test)\.ts$/.test(file))
    .sort();

function errorsPage(): string {
  const files = sourcesIn('lib');
  const taken = new Set<string>();
  const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll(/\s+/g, ' ').trim();
  const section = (heading: string, messages: readonly Message[]) => {
    const rows = messages.map(({ reason, remedy }) => `| ${cell(reason)} | ${cell(remedy)} |`);
    return [`## ${heading}`, '', '| message | what to do |', '| --- | --- |', ...[...new Set(rows)].sort(), ''];
  };
  const sections = SECTIONS.flatMap(([heading, paths]) => {
    const own = files.filter((file) => !taken.has(file) && paths.some((path) => file.startsWith(path)));
    for (const file of own) taken.add(file);
    return section(
      heading,
      own.flatMap((file) => messagesOf(file, heading === IN_CLUSTER ? [messagesIn, thrownIn] : [messagesIn])),
    );
  });
  const commands = [...sourcesIn('scripts'), ...files].filter(
    (file) => COMMANDS.paths.some((path) => file.startsWith(path)) && !COMMANDS.others.test(file),
  );
  return [
    '# Error messages',
    '',
    '`npm run errors` writes this page from the source code. Search it for the words of a message; `…` stands for a name, a value or a number. Each',
    'error names the place and the value first, then the message, then what to do:',
    '',
    '    site example › on-premise datacentre › subnets[1]: "10.94.227.46/24" has host bits set beyond its 24-bit prefix; did you mean 10.94.227.0/24?',
    '',
    ...sections,
    ...section(
      COMMANDS.heading,
      commands.flatMap((file) => {
        const messages = messagesOf(file, [messagesIn, thrownIn]);
        return file.startsWith(READERS) ? messages.map(partOfUnknown) : messages;
      }),
    ),
  ]
    .join('\n')
    .replace(/\n+$/, '\n');
}

offerHelp(`npm run errors -- [--check]: writes docs/errors.md, every message that rejects an input or ends a command

  --check   write nothing, and end with exit code 1 if the page is out of date
`);
writePage({ root: ROOT, path: PAGE, text: errorsPage() });
