/** The marks between which a file of Markdown holds diagrams: of all sites, or of one. */
const EMBEDDED = /^<!-- diagram(?:: ([\w-]+))? -->\n.*?^<!-- \/diagram -->$/gms;

/** Diagrams by site. */
export type Diagrams = ReadonlyMap<string, string>;

/**
 * The text with the diagrams of today between its marks.
 * @throws Error for a site that there is none of.
 */
export function embed(markdown: string, diagrams: Diagrams): string {
  return markdown.replace(EMBEDDED, (_, name: string | undefined) => {
    const mark = name === undefined ? '<!-- diagram -->' : `<!-- diagram: ${name} -->`;
    return `${mark}\n${contentOf(name, diagrams)}<!-- /diagram -->`;
  });
}

function contentOf(name: string | undefined, diagrams: Diagrams): string {
  const wanted = name === undefined ? [...diagrams] : [...diagrams].filter(([site]) => site === name);
  if (wanted.length === 0)
    throw new Error(`there is no site ${name ?? ''}; there is ${[...diagrams.keys()].join(', ')}`);
  return wanted.map(([, text]) => `\n\`\`\`mermaid\n${text}\`\`\`\n\n`).join('');
}
