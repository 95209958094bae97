import type { Address } from './address';
import { Findings } from './finding';
import { parseJson } from './json';
import { parseHostAddress } from './reserved';

/** Each one is looked up in the kernel in each pass. */
const MOST_SERVERS = 4096;

/**
 * Reads the text under the ConfigMap's key `servers`: a JSON array of the addresses that the routes must reach.
 * @throws InputError with all findings, each with its position (`servers[3]`).
 */
export function parseServerList(text: string): Address[] {
  const findings = new Findings();
  const entries = findings.attempt('servers', () => parseJson(text));
  findings.throwIfAny();
  if (!Array.isArray(entries)) findings.add('servers', entries, 'is not a JSON array', 'write ["192.168.1.10", …]');
  if (Array.isArray(entries) && entries.length > MOST_SERVERS)
    findings.add('servers', entries.length, 'is too long a list', `write at most ${MOST_SERVERS} addresses`);
  findings.throwIfAny();
  const servers = (Array.isArray(entries) ? entries : []).flatMap(
    (entry, i) => findings.attempt(`servers[${i}]`, () => parseHostAddress(entry)) ?? [],
  );
  findings.throwIfAny();
  return servers;
}

/** The text for the ConfigMap: one address per line, without repetition, in ascending order. */
export function formatServerList(servers: readonly Address[]): string {
  const sorted = [...new Map(servers.map((server) => [`${server}`, server])).values()].sort((a, b) => a.compare(b));
  return `[\n${sorted.map((server) => `  "${server}"`).join(',\n')}\n]\n`;
}
