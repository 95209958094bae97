import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';

/** Prints one file of a zip archive, because Node.js has no zip reader. */
const UNZIP = 'import sys, zipfile; sys.stdout.buffer.write(zipfile.ZipFile(sys.argv[1]).read(sys.argv[2]))';

/**
 * Reads a file of a Go module from the Go module proxy.
 *
 * @param module path and version, for example `k8s.io/kubernetes@v1.36.3`
 * @param path the file's path in the module
 * @throws an error that names the module if it cannot be downloaded
 */
export function fileOfModule(module: string, path: string): string {
  // If the module needs a newer Go, go fails after it has downloaded the archive. Only a compiler would need that Go.
  const { Zip, Error: reason } = JSON.parse(run('go', ['mod', 'download', '-json', module])) as Download;
  if (Zip === undefined) throw new Error(`${module} could not be downloaded: ${reason}`);
  return run('python3', ['-c', UNZIP, Zip, `${module}/${path}`]);
}

interface Download {
  readonly Zip?: string;
  readonly Error?: string;
}

function run(command: string, args: readonly string[]): string {
  const { stdout, stderr, error } = spawnSync(command, args, { cwd: tmpdir(), encoding: 'utf8', maxBuffer: 1 << 28 });
  if (stdout) return stdout;
  throw new Error(`${command} ${args.at(-1)}: ${error?.message ?? stderr}`);
}
