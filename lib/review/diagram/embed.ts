/** Markers in a Markdown file around a diagram: of one site, or of all sites. */
const EMBEDDED = /^<!-- diagram(?:: ([\w-]+))? -->\n.*?^<!-- \/diagram -->$/gms;

/** Diagrams by site name. */
export type Diagrams = ReadonlyMap<string, string>;

/**
 * Replaces what is between the markers with the current diagrams.
 * @throws Error if a marker names an unknown site.
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
