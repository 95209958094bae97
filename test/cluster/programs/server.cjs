/**
 * An on-premise server that can fail in different ways: `node server.cjs ADDRESS FOLDER`, with `PORT BEHAVIOUR` lines on
 * standard input. For TLS, FOLDER holds right.crt, right.key, wrong.crt and wrong.key.
 */
const fs = require('node:fs');
const http = require('node:http');
const https = require('node:https');
const net = require('node:net');
const { createInterface } = require('node:readline');

const [address, folder] = process.argv.slice(2);
const SLOW_MS = 4_000;
const listeners = new Map();

const pair = (name) => ({
  cert: fs.readFileSync(`${folder}/${name}.crt`),
  key: fs.readFileSync(`${folder}/${name}.key`),
});
const answering = (status) => (_, response) => response.writeHead(status, { connection: 'close' }).end(address);

const BEHAVIOURS = {
  ok: () => http.createServer(answering(200)),
  error: () => http.createServer(answering(500)),
  slow: () => http.createServer((request, response) => setTimeout(() => answering(200)(request, response), SLOW_MS)),
  hung: () => net.createServer(() => undefined),
  refuse: () => undefined,
  secure: () => https.createServer(pair('right'), answering(200)),
  certificate: () => https.createServer(pair('wrong'), answering(200)),
};

function close(port) {
  const listener = listeners.get(port);
  listeners.delete(port);
  if (listener === undefined) return Promise.resolve();
  for (const socket of listener.sockets) socket.destroy();
  return new Promise((resolve) => listener.server.close(resolve));
}

async function behave(port, behaviour) {
  await close(port);
  const server = BEHAVIOURS[behaviour]();
  if (server === undefined) return;
  const sockets = new Set();
  server.on('connection', (socket) => {
    sockets.add(socket.on('error', () => undefined));
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise((resolve) => server.listen({ host: address, port, backlog: 4096 }, resolve));
  listeners.set(port, { server, sockets });
}

createInterface({ input: process.stdin }).on('line', async (line) => {
  const [port, behaviour] = line.split(' ');
  await behave(Number(port), behaviour);
  process.stdout.write(`${line}\n`);
});
