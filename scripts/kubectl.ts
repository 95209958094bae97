import { type ExecFileException, execFile } from 'node:child_process';

/** The largest answer of the API server, e.g. a list of a thousand pods. */
const MOST_BYTES = 256 * 1024 * 1024;

/** Runs kubectl with these arguments after the common options. */
export type Kubectl = (args: readonly string[], timeoutSeconds: number) => Promise<string>;

/**
 * @returns a runner that ends kubectl after the timeout, because kubectl may retry for longer than
 * `--request-timeout`. It rejects with the last line of kubectl's error output.
 */
export function kubectlWith(options: readonly string[]): Kubectl {
  return (args, timeoutSeconds) =>
    new Promise((resolve, reject) => {
      const all = [...options, ...args, `--request-timeout=${timeoutSeconds}s`];
      execFile(
        'kubectl',
        all,
        { encoding: 'utf8', maxBuffer: MOST_BYTES, timeout: timeoutSeconds * 1000 },
        (error, stdout, stderr) => {
          if (error === null) resolve(stdout);
          else reject(new Error(reasonOf(error, stderr)));
        },
      );
    });
}

function reasonOf(error: ExecFileException, stderr: string): string {
  if (error.code === 'ENOENT') return 'kubectl is not installed';
  if (error.killed) return 'kubectl took too long';
  return (
    stderr
      .trim()
      .split('\n')
      .at(-1)
      ?.replace(/^(?:error|Error from server[^:]*): /, '') || error.message
  );
}

/** Runs `run` for all items, at most `most` at a time. @returns the results in the order of the items */
export async function inTurn<T, R>(items: readonly T[], most: number, run: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = new Array(items.length);
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const place = next++;
      results[place] = await run(items[place] as T);
    }
  };
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, worker));
  return results;
}
