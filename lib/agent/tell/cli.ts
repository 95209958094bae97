import http = require('node:http');

import { text as textOf } from 'node:stream/consumers';
import type { Settings } from '../settings';
import { diffText, type StatusBody, statusText } from './status-table';

const TIMEOUT_MS = 5_000;

/**
 * `status` and `diff` for `kubectl exec`: ask the agent that runs in this container.
 * @returns the exit code: 0; 1 when the agent is not ready, would change something, or does not answer; 2 for an unknown command.
 */
export async function askRunningAgent(
  command: string,
  settings: Settings,
  print: (text: string) => void,
): Promise<number> {
  if (command !== 'status' && command !== 'diff') {
    print(`unknown command ${JSON.stringify(command)}; there is status and diff\n`);
    return 2;
  }
  try {
    const body = await fetchText(settings, `/${command}/${settings.instance}`);
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

async function fetchText({ podIP, httpPort }: Settings, path: string): Promise<string> {
  const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
    const where = { host: `${podIP}`, port: httpPort, path, timeout: TIMEOUT_MS, agent: false };
    const request = http.get(where, resolve).on('error', reject);
    request.on('timeout', () => request.destroy(new Error(`nothing heard for ${TIMEOUT_MS / 1000} s`)));
  });
  const body = await textOf(response);
  if (response.statusCode !== 200) throw new Error(`HTTP ${response.statusCode}: ${body.trim()}`);
  return body;
}
