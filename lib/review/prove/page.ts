import { type Block, code, counted } from '../page/page';
import type { SiteProof } from './prove';
import type { Way } from './way';

const NAMES = { strongswan: 'strongSwan and nftables', vyos: 'VyOS', fortigate: 'FortiGate' } as const;
/** Products that we have never sent packets through: only our reader says what their files mean. */
const UNTRIED: ReadonlySet<string | undefined> = new Set(['vyos', 'fortigate']);
/** Largest width of hop names. */
const COLUMN = 22;

/** `consistent`, or a restricted form of it. */
function resultText({ result }: Way, { product }: SiteProof): string {
  if (result === 'assumed') return 'assumed';
  return result === 'broken' || !UNTRIED.has(product) ? result : 'consistent by our reader';
}

export const isConsistent = ({ ways }: SiteProof): boolean => ways.every(({ result }) => result !== 'broken');

/** For `check`: one line if all paths are consistent, otherwise the broken ones. */
export function proofLine(proof: SiteProof): string {
  if (isConsistent(proof)) return `ways: ${titleOf(proof)}\n`;
  const broken = proof.ways.filter(({ result }) => result === 'broken');
  return `ways: ${siteText(proof, broken, [], true)}`;
}

function titleOf({ site, product, ways }: SiteProof): string {
  const well = ways.filter(({ result }) => result !== 'broken').length;
  const by = product === undefined ? 'routers configured by other means' : NAMES[product];
  return `${site}, ${by}: ${well} of ${counted(ways.length, 'way')} consistent`;
}

/** @param isBrief list hops only for what is broken. */
export function proofText(proofs: readonly SiteProof[], isBrief: boolean): string {
  return proofs.map((proof) => siteText(proof, proof.ways, proof.assumed, isBrief)).join('\n');
}

/** @param shown some of the proof's ways; the title counts all of them. */
function siteText(proof: SiteProof, shown: readonly Way[], assumptions: readonly string[], isBrief: boolean): string {
  const longest = Math.max(...shown.map(({ name }) => name.length), 0);
  const ways = shown.flatMap((way) => [
    `  ${way.name.padEnd(longest)}  ${resultText(way, proof)}`,
    ...(isBrief ? [] : way.hops.map(({ where, text }) => `    ${where.padEnd(COLUMN)} ${text}`)),
    ...way.troubles.flatMap(({ where, text, remedy, source, example }) => [
      `    ${where.padEnd(COLUMN)} ${text}`,
      ...(source === undefined ? [] : [`    ${''.padEnd(COLUMN)} in ${source}`]),
      ...(example === undefined ? [] : [`    ${''.padEnd(COLUMN)} for example ${example}`]),
      `    ${''.padEnd(COLUMN)} ${remedy}`,
    ]),
  ]);
  const assumed = assumptions.map((one) => `  assumed: ${one}`);
  return `${[titleOf(proof), ...ways, ...assumed].join('\n')}\n`;
}

/** The page for a pull request. */
export function proofPage(proofs: readonly SiteProof[]): Block[] {
  return proofs.flatMap((proof): Block[] => {
    const broken = proof.ways.filter(({ result }) => result === 'broken');
    const lines = broken.flatMap(({ name, troubles }) =>
      troubles.map(({ where, text, remedy, source, example }) => {
        const place = source === undefined ? '' : ` in ${code(source)}`;
        const packet = example === undefined ? '' : `, for example ${code(example)}`;
        return `${code(name)}: ${where}: ${text}${place}${packet}; ${remedy}`;
      }),
    );
    return [
      { kind: 'heading', text: `Proof of ${titleOf(proof)}` },
      ...(broken.length === 0
        ? []
        : [{ kind: 'alert', level: 'danger', title: `${counted(broken.length, 'way')} broken`, lines } as const]),
      {
        kind: 'table',
        rows: proof.ways.map((way) => ({ sign: '~', cells: [code(way.name), resultText(way, proof)] })),
      },
      { kind: 'alert', level: 'note', title: 'Assumed, because no file here says so', lines: proof.assumed },
    ];
  });
}

/** One path as a Mermaid diagram: a box for each hop, and between boxes what happens on the way. */
export function wayPicture({ hops, troubles }: Way): string {
  const all = [...hops, ...troubles.map(({ where, text }) => ({ where, text: `broken: ${text}` }))];
  const label = (text: string) => text.replaceAll('"', "'");
  return [
    'flowchart TD',
    ...all.map(({ where, text }, i) => `  h${i}["<b>${label(where)}</b><br/>${label(text)}"]`),
    ...all.slice(1).map((_, i) => `  h${i} --> h${i + 1}`),
    '',
  ].join('\n');
}
