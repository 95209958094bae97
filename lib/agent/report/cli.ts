import http = require('node:http');

import { text as textOf } from 'node:stream/consumers';
import type { Settings } from '../settings';
import { LOOPBACK } from './pages';
import { diffText, type StatusBody, statusText } from './status-table';

const TIMEOUT_MS = 5_000;
/** The status with which the agent says that it does not know yet. */
const UNKNOWN = 503;

/**
 * `status` and `diff` for `kubectl exec`: they query the agent that runs in this container.
 * @returns the exit code: 0; 1 if the agent is not ready, would change something, or does not answer; 2 for an unknown
 * command.
 */
export async function askRunningAgent(
  command: string,
  settings: Settings,
  print: (text: string) => void,
): Promise<number> {
  if (command !== 'status' && command !== 'diff') {
    print(`unknown command ${JSON.stringify(command)}; use status or diff\n`);
    return 2;
  }
  try {
    const { status: code, body } = await fetchPage(settings, `/${command}/${settings.instance}`);
    if (code === UNKNOWN) {
      print(body);
      return 1;
    }
    if (code !== 200) throw new Error(`HTTP ${code}: ${body.trim()}`);
    if (command === 'status') {
      const status = JSON.parse(body) as StatusBody;
      print(statusText(status));
      return status.ready ? 0 : 1;
    }
    const changes = JSON.parse(body) as string[];
    print(diffText(changes));
    return changes.length === 0 ? 0 : 1;
  } catch (error) {
    print(`the agent does not answer: ${(error as Error).message}\n`);
    return 1;
  }
}

async function fetchPage({ httpPort }: Settings, path: string): Promise<{ status: number; body: string }> {
  const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
    const where = { host: LOOPBACK, port: httpPort, path, timeout: TIMEOUT_MS, agent: false };
    const request = http.get(where, resolve).on('error', reject);
    request.on('timeout', () => request.destroy(new Error(`no data for ${TIMEOUT_MS / 1000} s`)));
  });
  return { status: response.statusCode ?? 0, body: await textOf(response) };
}
