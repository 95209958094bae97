/** `npm run bench`: measures and writes docs/performance.md. With names of sections as arguments, it prints only those. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { offerHelp } from '../../scripts/terminal';
import { missingRequirements } from '../lab/requirements';
import { apiLoad } from './api-load';
import { confirming } from './confirm';
import { coldStart, idle, memory } from './footprint';
import { machine } from './machine';
import { unreachable } from './otherwise';
import { probes } from './probes';
import { proving } from './prove';
import { bounced, deleted, flood, moved } from './repair';
import { adding, oneChange } from './routes';
import { serverHealth } from './server-health';
import { synthesis } from './synth';
import { markdown, type Table } from './table';

const SECTIONS: Readonly<Record<string, () => Promise<Table>>> = {
  adding,
  oneChange,
  deleted,
  flood,
  bounced,
  moved,
  unreachable,
  memory,
  idle,
  probes,
  coldStart,
  synthesis,
  proving,
  apiLoad,
  confirming,
  serverHealth,
};
const FILE = join(__dirname, '..', '..', 'docs', 'performance.md');

function introduction(): string {
  return [
    '# Performance',
    '',
    'Written by `npm run bench` (as root on Linux, about 25 minutes, on an idle machine), which measures the agent from `dist/` in',
    "the lab's network namespaces, as the tests run it. On a shared machine, figures vary; ratios within one run vary less.",
    'p50 and p99 are percentiles over the rounds. These are measurements, not tests: no limit applies.',
    '',
    `Machine: ${machine()}`,
    '',
  ].join('\n');
}

async function main(names: readonly string[]): Promise<void> {
  const missing = missingRequirements();
  if (missing.length > 0) throw new Error(missing.join('; '));
  const unknown = names.filter((name) => !(name in SECTIONS));
  if (unknown.length > 0)
    throw new Error(`unknown sections: ${unknown}; known sections: ${Object.keys(SECTIONS).join(', ')}`);
  const parts = [introduction()];
  for (const [name, measure] of Object.entries(SECTIONS)) {
    if (names.length > 0 && !names.includes(name)) continue;
    const part = markdown(await measure());
    process.stdout.write(`${part}\n`);
    parts.push(part);
    // Written after each section, because a run takes long and may be aborted.
    if (names.length === 0) writeFileSync(FILE, `${parts.join('\n').trimEnd()}\n`);
  }
}

offerHelp(`npm run bench -- [SECTION...]: measures what dist/ contains, and writes docs/performance.md

  SECTION    measure and print only these: ${Object.keys(SECTIONS).join(', ')}

It needs root on Linux, an idle machine, and about 25 minutes for all.
`);
void main(process.argv.slice(2));
