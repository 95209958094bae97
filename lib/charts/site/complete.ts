import { dirname } from 'node:path';
import { Findings } from '../../network';

/** A site and whether it was written. */
interface Synthesised {
  readonly name: string;
  readonly place: string;
  readonly outdir: string;
  readonly isWritten: boolean;
  readonly isForOutput: boolean;
  unwritten(): string[];
}

/**
 * Sites that were constructed but are missing from the output, entirely or in part. The next sync would delete from the
 * cluster what is missing.
 */
export function findIncomplete(sites: readonly Synthesised[]): Findings {
  const findings = new Findings();
  const outputs = new Set(sites.filter(({ isWritten }) => isWritten).map(outputOf));
  for (const site of sites) {
    // A site that a test renders in memory has no output.
    if (!site.isWritten && !site.isForOutput && !outputs.has(outputOf(site))) continue;
    const missing = site.unwritten();
    if (!site.isWritten)
      findings.add(site.place, site.name, 'is never synthesised, so its folder would be deleted', 'call its synth()');
    else if (missing.length > 0)
      findings.add(
        site.place,
        missing,
        'was added after synth() and is not in the output',
        'call synth() after everything is added',
      );
  }
  return findings;
}

const outputOf = ({ outdir }: Synthesised) => dirname(outdir);

/** Makes a program fail that would exit successfully although a site is missing from the output. */
export function failWhenIncomplete(sites: readonly Synthesised[]): void {
  process.once('exit', (code) => {
    if (code !== 0) return;
    try {
      findIncomplete(sites).throwIfAny();
    } catch (error) {
      console.error((error as Error).message);
      process.exitCode = 1;
    }
  });
}
