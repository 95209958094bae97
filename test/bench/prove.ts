import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { linkedProject, TYPESCRIPT } from '../repository';
import { cpuTime, ROUNDS, rounds, time } from './programs';
import { ms, percentile, type Table } from './table';

/** Numbers of networks and Services of the measured sites. */
const SIZES = [
  [1, 1],
  [10, 10],
  [100, 100],
] as const;

/** The proof of a site whose networks have a VPN each, from the files of all products. */
export async function proving(): Promise<Table> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-prove-'));
  try {
    return {
      title: 'Prove',
      text: '`npm run prove`, from its start to its end: one site whose networks have a VPN each, with two servers for each Service. All nine pairs of strongSwan, VyOS and FortiGate are proven.',
      head: ['networks', 'Services', 'p50', 'p99', 'rounds', 'CPU time, p50'],
      rows: SIZES.map(([networks, services]) => [
        `${networks}`,
        `${services}`,
        ...proofs(join(folder, `${networks}`), networks, services),
      ]),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function proofs(folder: string, networks: number, services: number): string[] {
  const project = linkedProject(folder);
  const site = [...TYPESCRIPT, join('test', 'bench', 'prove-site.ts'), `${networks}`, `${services}`];
  time(process.execPath, site, { CDK8S_OUTDIR: join(project, 'dist') });
  const script = ['--require', 'tsx/cjs', join('scripts', 'prove.ts'), '--brief'];
  const cpu = Array.from({ length: ROUNDS }, () => cpuTime(process.execPath, script, project));
  return [...rounds(() => time(process.execPath, script, {}, project)), ms(percentile(cpu, 0.5))];
}
