/** What one replica reports to the other, with its lease. */
export interface Opinion {
  /** `namespace/service/address` of servers that fail its own probes. */
  readonly down: ReadonlySet<string>;
  /** `namespace/service` of Services that it has not probed long enough to judge. */
  readonly unsure: ReadonlySet<string>;
}

const DOWN = 'onprem-link/down';
const UNSURE = 'onprem-link/unsure';

/** The opinion as annotations, which an API server limits to 256 KiB, about 5,000 servers. */
export function opinionNotes({ down, unsure }: Opinion): Record<string, string> {
  return { [DOWN]: [...down].sort().join(' '), [UNSURE]: [...unsure].sort().join(' ') };
}

export function opinionIn(notes: Readonly<Record<string, string>>): Opinion {
  const words = (key: string) => new Set((notes[key] ?? '').split(' ').filter(Boolean));
  return { down: words(DOWN), unsure: words(UNSURE) };
}

/** The other replica's opinion: `none` if there is no other replica, `unknown` while the API server does not answer. */
export type OtherOpinion = Opinion | 'none' | 'unknown';

/**
 * Whether the other replica also finds a server down. Without another replica, or if it cannot say, one opinion is
 * enough.
 */
export function agrees(other: OtherOpinion, service: string, address: string): boolean {
  if (typeof other === 'string') return other === 'none';
  return other.unsure.has(service) || other.down.has(`${service}/${address}`);
}
