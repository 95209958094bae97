import type { ChildProcess } from 'node:child_process';
import { node26 } from './requirements';
import type { Testbed } from './testbed';
import { waitFor } from './wait';

/**
 * Holds `each` connections of each kind to both addresses of the agent, reopens each 5 s after the agent closes it, and
 * requests /diff as fast as possible until stdin ends. Prints one line when all connections are open.
 */
const PROGRAM = `
const net = require('node:net');
const http = require('node:http');
const [, outside, each] = process.argv;
const PORT = 9142;
const PAGE = 'GET /metrics HTTP/1.1\\r\\nhost: a\\r\\n\\r\\n';
const kinds = [
  () => undefined,
  (socket) => socket.pause().write(PAGE),
  (socket) => socket.pause().write(PAGE.repeat(50)),
  (socket) => socket.write('GET /status/node-routes HTTP/1.1\\r\\nhost: a\\r\\n'),
];
let missing = 2 * kinds.length * each;
const hold = (host, kind) => {
  let isNew = true;
  const open = () => {
    const socket = net.connect(PORT, host, () => {
      kind(socket);
      if (isNew && --missing === 0) console.log('connected');
      isNew = false;
    });
    socket.on('error', () => undefined).on('close', () => setTimeout(open, 5000));
  };
  open();
};
for (const host of ['127.0.0.1', outside]) for (const kind of kinds) for (let i = 0; i < each; i++) hold(host, kind);
const storm = () => http.get({ host: '127.0.0.1', port: PORT, path: '/diff/node-routes', agent: false }, (answer) => answer.resume().on('close', storm)).on('error', () => setTimeout(storm, 10));
for (let i = 0; i < 8; i++) storm();
process.stdin.resume().on('end', () => process.exit());
`;

/**
 * Floods the agent of the testbed's node: `each` connections of each of four kinds to each of its two addresses, and requests
 * for /diff. Resolves when all connections are open; ends with the process or the lab.
 */
export async function startFlood({ node }: Testbed, each: number): Promise<ChildProcess> {
  const command = [node26(), '--eval', PROGRAM, `${node.addresses[0]}`, `${each}`];
  const flood = node.netns.lab.spawn('nsenter', [`--net=${node.netns.path}`, ...command], { stdio: 'pipe' });
  let output = '';
  flood.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  await waitFor("the flood's connections to open", 60_000, async () => output.includes('connected'));
  return flood;
}
