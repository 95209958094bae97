import net = require('node:net');

import { address } from '../../test/agent/ip';
import { probePath } from './path-probe';

const SOURCE = address('127.0.0.1');

/** A server on loopback, and the ends of its connections. */
async function listening() {
  const ends: (string | undefined)[] = [];
  const server = net.createServer((socket) =>
    socket.on('error', ({ code }: NodeJS.ErrnoException) => ends.push(code)).on('end', () => ends.push('FIN')),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, ends, port: (server.address() as net.AddressInfo).port };
}

async function freePort(): Promise<number> {
  const { server, port } = await listening();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const probe = async (port: number, sourcePort: number) =>
  probePath({ host: '127.0.0.1', port }, SOURCE, sourcePort, 2000);

test('a connection is an answer, and is reset, so that its ports can be reused at once', async () => {
  const { server, ends, port } = await listening();
  const from = await freePort();
  for (let i = 0; i < 3; i++) expect(await probe(port, from)).toMatchObject({ kind: 'answered' });
  await new Promise((resolve) => server.close(resolve));
  expect(ends).toEqual(['ECONNRESET', 'ECONNRESET', 'ECONNRESET']);
});

test('a refused connection counts as an answer', async () => {
  expect(await probe(await freePort(), await freePort())).toMatchObject({ kind: 'answered' });
});

test('an error of this node itself proves nothing', async () => {
  const { server, port } = await listening();
  expect(await probe(port, port)).toEqual({ kind: 'unsent', reason: 'EADDRINUSE' });
  const foreign = probePath({ host: '127.0.0.1', port }, address('192.0.2.1'), 61_000, 2000);
  expect(await foreign).toEqual({ kind: 'unsent', reason: 'EADDRNOTAVAIL' });
  await new Promise((resolve) => server.close(resolve));
});

test('silence counts as no answer after the timeout', async () => {
  const socket = new net.Socket();
  jest.spyOn(net, 'connect').mockReturnValueOnce(socket);
  expect(await probePath({ host: '192.0.2.1', port: 9 }, SOURCE, 61_000, 30)).toEqual({
    kind: 'missed',
    reason: 'no answer within 0.03 s',
  });
  expect(socket.destroyed).toBe(true);
});
