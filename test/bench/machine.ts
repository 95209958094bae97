import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import { node26Version } from '../lab/requirements';
import { run } from '../lab/topology/namespaces';
import { now } from './listen';
import { ms, percentile } from './table';

const STARTS = 15;

/** Milliseconds that Node takes to start and exit. It shows the machine's current speed, to compare runs by. */
function emptyNode(): number {
  const times = Array.from({ length: STARTS }, () => {
    const started = now();
    execFileSync(process.execPath, ['--eval', '0']);
    return now() - started;
  });
  return percentile(times, 0.5);
}

/** The properties of the machine that the figures depend on. They do not identify it. */
export function machine(): string {
  const ip = run('ip', ['-V']).match(/iproute2-([\d.]+)/)?.[1] ?? 'unknown';
  const model = cpus()[0]?.model.trim() ?? 'unknown';
  const cores = `${availableParallelism()} cores (${model}), ${Math.round(totalmem() / 2 ** 30)} GiB`;
  const programs = `Linux ${release().split('-')[0]}, iproute2 ${ip}, Node ${node26Version()} for the agent, ${process.version} for synth`;
  return `${cores}; ${programs}; load average at the start ${loadavg()[0]?.toFixed(1)}; an empty \`node -e 0\` took ${ms(emptyNode())}.`;
}
