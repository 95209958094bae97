import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import { run } from '../lab/namespaces';
import { node26Version } from '../lab/requirements';

/** What the figures depend on, without saying whose machine it is. */
export function machine(): string {
  const ip = run('ip', ['-V']).match(/iproute2-([\d.]+)/)?.[1] ?? 'unknown';
  const model = cpus()[0]?.model.trim() ?? 'unknown';
  const cores = `${availableParallelism()} cores (${model}), ${Math.round(totalmem() / 2 ** 30)} GiB`;
  const programs = `Linux ${release().split('-')[0]}, iproute2 ${ip}, Node ${node26Version()} for the agent, ${process.version} for synth`;
  return `${cores}; ${programs}; load average at the start ${loadavg()[0]?.toFixed(1)}.`;
}
