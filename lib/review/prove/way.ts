import type { Source } from '../../routers/read/model';
import type { Hop } from './cross';
import type { Failure } from './failure';

/** One promised path and its result. */
export interface Way {
  /** `orders-service 8080 → 10.0.1.10:8080`. */
  readonly name: string;
  /** `assumed`: a router on the path is configured by other means, so nothing is known about it. */
  readonly result: 'consistent' | 'broken' | 'assumed';
  readonly hops: readonly Hop[];
  readonly troubles: readonly Trouble[];
}

/** What breaks a path, where, and how to fix it. */
export interface Trouble {
  readonly where: string;
  readonly text: string;
  readonly remedy: string;
  /** `routers/example/cluster-to-datacentre/swanctl.conf:31`. */
  readonly source?: string;
  /** An example packet: `10.0.1.0 → 192.168.1.0`. */
  readonly example?: string;
}

/** More examples add no information. */
const MOST_TROUBLES = 5;

export const consistent = (name: string, hops: readonly Hop[]): Way => ({
  name,
  result: 'consistent',
  hops,
  troubles: [],
});
export const broken = (name: string, troubles: readonly Trouble[]): Way => ({
  name,
  result: 'broken',
  hops: [],
  troubles,
});
export const assumed = (name: string, network: string, hops: readonly Hop[] = []): Way => ({
  name,
  result: 'assumed',
  hops: [...hops, { where: 'routers', text: `those of ${network} are configured by other means` }],
  troubles: [],
});

export const placeText = ({ file, line }: Source): string => (line === undefined ? file : `${file}:${line}`);

/** Failures for people, without repetition. */
export function troublesOf(failures: readonly Failure[]): Trouble[] {
  const troubles = failures.map(
    ({ where, text, remedy, source, flow }): Trouble => ({
      where,
      text,
      remedy,
      ...(source !== undefined && { source: placeText(source) }),
      ...(flow !== undefined && { example: `${flow.source.now.address} → ${flow.destination.now.address}` }),
    }),
  );
  return [...new Map(troubles.map((one) => [`${one.where} ${one.text}`, one])).values()].slice(0, MOST_TROUBLES);
}
