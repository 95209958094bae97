import { PRODUCT_NAMES, type Product } from '../../routers';
import { type Block, code, counted } from '../page/page';
import type { SiteProof } from './prove';
import type { Way } from './way';

/** Products that we have never sent packets through: only our reader says what their files mean. */
const UNTRIED: ReadonlySet<Product> = new Set(['vyos', 'fortigate']);
/** Largest width of hop names. */
const COLUMN = 22;

/** `consistent`, or a restricted form of it. */
function resultText({ result }: Way, proof: SiteProof): string {
  return result === 'consistent' && isUntried(proof) ? BY_READER : result;
}

const BY_READER = 'consistent by our reader';

const isUntried = ({ products: { cluster, onPremise } }: SiteProof): boolean =>
  [...cluster, ...onPremise].some((product) => UNTRIED.has(product));

export const isConsistent = ({ ways }: SiteProof): boolean => ways.every(({ result }) => result !== 'broken');

/** For `check`: one line for each site and products if all paths are consistent, otherwise the broken ones. */
export function proofLines(proofs: readonly SiteProof[]): string {
  const { shown, rest } = condensed(proofs);
  const texts = shown.map((proof) => {
    if (isConsistent(proof)) return `${titleOf(proof)}\n`;
    const broken = proof.ways.filter(({ result }) => result === 'broken');
    return siteText(proof, broken, [], true);
  });
  return [...texts, ...rest.map((line) => `${line}\n`)].map((text) => `paths: ${text}`).join('');
}

/**
 * Most sites have files for several products to choose from. If all paths between different products are consistent,
 * they are summarised in one line, because they are the same paths as those above.
 */
function condensed(proofs: readonly SiteProof[]): { shown: readonly SiteProof[]; rest: readonly string[] } {
  const firsts = new Map([...proofs].reverse().map((proof) => [proof.site, proof]));
  const isBrief = (proof: SiteProof) => isMixed(proof) && firsts.get(proof.site) !== proof && isConsistent(proof);
  const rest = [...firsts.keys()].reverse().flatMap((site) => {
    const brief = proofs.filter((proof) => proof.site === site && isBrief(proof));
    const ways = brief.flatMap((proof) => proof.ways).length;
    const pairs = `${counted(brief.length, 'pair')} of different products`;
    return brief.length === 0 ? [] : [`${site}, ${pairs}: ${ways} of ${counted(ways, 'path')} ${BY_READER}`];
  });
  return { shown: proofs.filter((proof) => !isBrief(proof)), rest };
}

const isMixed = ({ product, products }: SiteProof): boolean => product === undefined && products.cluster.length > 0;

function titleOf(proof: SiteProof): string {
  const { site, ways } = proof;
  const count = (wanted: Way['result']) => ways.filter(({ result }) => result === wanted).length;
  const assumed = count('assumed');
  const well = `${count('consistent')} of ${counted(ways.length, 'path')} ${isUntried(proof) ? BY_READER : 'consistent'}`;
  return `${site}, ${productsText(proof)}: ${well}${assumed === 0 ? '' : `, ${assumed} assumed`}`;
}

function productsText(proof: SiteProof): string {
  const { product, products } = proof;
  if (product !== undefined) return PRODUCT_NAMES[product];
  if (!isMixed(proof)) return 'routers configured by other means';
  const names = (side: readonly Product[]) => side.map((one) => PRODUCT_NAMES[one]).join(' or ');
  return `${names(products.cluster)} in the cluster, ${names(products.onPremise)} on premise`;
}

/** @param isBrief list hops only for what is broken. */
export function proofText(proofs: readonly SiteProof[], isBrief: boolean): string {
  const { shown, rest } = condensed(proofs);
  return [
    ...shown.map((proof) => siteText(proof, proof.ways, proof.assumed, isBrief)),
    ...rest.map((line) => `${line}\n`),
  ].join('\n');
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
  const { shown, rest } = condensed(proofs);
  const blocks = shown.flatMap((proof): Block[] => {
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
        : [{ kind: 'alert', level: 'danger', title: `${counted(broken.length, 'path')} broken`, lines } as const]),
      {
        kind: 'table',
        rows: proof.ways.map((way) => ({ sign: '~', cells: [code(way.name), resultText(way, proof)] })),
      },
      { kind: 'alert', level: 'note', title: 'Assumed, because no file here says so', lines: proof.assumed },
    ];
  });
  return [...blocks, ...rest.map((text): Block => ({ kind: 'line', text }))];
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
