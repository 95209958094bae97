/** What one replica reports to the other, beside its lease. */
export interface Opinion {
  /** `namespace/service/address` of servers that fail by its own probes. */
  readonly down: ReadonlySet<string>;
  /** `namespace/service` of Services that it has not probed for long enough to say anything. */
  readonly unsure: ReadonlySet<string>;
}

const DOWN = 'onprem-link/down';
const UNSURE = 'onprem-link/unsure';

/** As annotations: an API server bounds them to 256 KiB, which is some 5,000 servers. */
export function opinionNotes({ down, unsure }: Opinion): Record<string, string> {
  return { [DOWN]: [...down].sort().join(' '), [UNSURE]: [...unsure].sort().join(' ') };
}

export function opinionIn(notes: Readonly<Record<string, string>>): Opinion {
  const words = (key: string) => new Set((notes[key] ?? '').split(' ').filter(Boolean));
  return { down: words(DOWN), unsure: words(UNSURE) };
}

/** The other replica's: `none` if there is none, `unknown` while the API server does not say. */
export type OtherOpinion = Opinion | 'none' | 'unknown';

/** Whether the other replica finds a server down as well. Without another one, or if it cannot say, one is enough. */
export function agrees(other: OtherOpinion, service: string, address: string): boolean {
  if (typeof other === 'string') return other === 'none';
  return other.unsure.has(service) || other.down.has(`${service}/${address}`);
}
