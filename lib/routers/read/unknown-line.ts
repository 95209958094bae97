import type { Source } from './model';

/** A line of a router's file that no reader understands, so that the router's behaviour is unknown. */
export class UnknownLine extends Error {
  constructor(
    readonly source: Source,
    readonly text: string,
  ) {
    super(`${source.file}:${source.line}: not understood: ${text.trim()}`);
    this.name = 'UnknownLine';
  }
}
