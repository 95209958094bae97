import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { facts } from '../../../test/agent/facts';
import type { Settings } from '../settings';
import { askRunningAgent } from './cli';
import { statusOf } from './status';

let server: Server;
const pages: Record<string, unknown> = {};
let code = 200;

beforeAll(async () => {
  server = createServer(({ url }, response) => {
    const page = pages[url as string];
    response.statusCode = page === undefined ? 404 : code;
    response.end(typeof page === 'string' ? page : JSON.stringify(page ?? 'not here'));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => {
  server.close();
});

async function run(command: string, httpPort = (server.address() as AddressInfo).port): Promise<[number, string]> {
  let printed = '';
  const settings = { httpPort, instance: 'node-routes' } as Settings;
  const code = await askRunningAgent(command, settings, (text) => {
    printed += text;
  });
  return [code, printed];
}

test('status prints the page, and its exit code shows whether the agent is ready', async () => {
  pages['/status/node-routes'] = statusOf(facts());
  expect(await run('status')).toEqual([0, expect.stringContaining('ready      yes: 2 routes: 2 effective\n')]);
  pages['/status/node-routes'] = statusOf(facts({ passError: 'ENOBUFS' }));
  expect(await run('status')).toEqual([1, expect.stringContaining('ready      NO: ENOBUFS\n')]);
});

test('diff prints the changes, and its exit code shows whether there are any', async () => {
  pages['/diff/node-routes'] = [];
  expect(await run('diff')).toEqual([0, 'nothing would change\n']);
  pages['/diff/node-routes'] = ['add 192.168.0.0/24'];
  expect(await run('diff')).toEqual([1, 'add 192.168.0.0/24\n']);
});

test('diff explains that it cannot answer while no list is known', async () => {
  code = 503;
  pages['/diff/node-routes'] = 'no list is known: why\n';
  expect(await run('diff')).toEqual([1, 'no list is known: why\n']);
  code = 200;
});

test('reports an agent that does not answer, or answers unexpectedly', async () => {
  expect(await run('status', 1)).toEqual([1, expect.stringMatching(/^the agent does not answer: .*ECONNREFUSED/)]);
  delete pages['/diff/node-routes'];
  expect(await run('diff')).toEqual([1, 'the agent does not answer: HTTP 404: "not here"\n']);
  pages['/status/node-routes'] = '<html>';
  expect(await run('status')).toEqual([1, expect.stringMatching(/^the agent does not answer: .*JSON/)]);
});

test('reports an unknown command', async () => {
  expect(await run('stop')).toEqual([2, 'unknown command "stop"; use status or diff\n']);
});
