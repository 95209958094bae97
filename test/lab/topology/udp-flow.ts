import type { ChildProcess } from 'node:child_process';
import { createInterface, type Interface } from 'node:readline';
import { node26 } from '../requirements';
import type { Namespace } from './namespaces';

/** The counts of a flow. All datagrams have the same ports, so routers have one connection tracking entry for the flow. */
export interface FlowCount {
  readonly sent: number;
  readonly answered: number;
  /** The number of the last datagram that was answered, counted from 0; -1: none yet. */
  readonly lastAnswered: number;
  /** Earlier datagrams without an answer. They count as lost, because datagrams of a flow do not overtake each other. */
  readonly lost: number;
  /** The client's address as the server sees it. */
  readonly seenAs: string;
}

const SERVER = `
const socket = require('node:dgram').createSocket('udp4');
socket.on('message', (data, { address, port }) => socket.send(data + ' ' + address, port, address));
socket.bind(Number(process.argv[2]), process.argv[1], () => console.log('ready'));
`;

/** Sends numbered datagrams at a fixed interval, and prints its counts for each line on stdin. */
const CLIENT = `
const [server, port, every] = process.argv.slice(1);
const socket = require('node:dgram').createSocket('udp4');
let sent = 0;
const answered = new Set();
let seenAs = '';
socket.on('error', () => {}).on('message', (data) => {
  const [number, address] = String(data).split(' ');
  answered.add(Number(number));
  seenAs = address;
});
socket.bind(Number(port), () => setInterval(() => socket.send(String(sent++), Number(port), server, () => {}), Number(every)));
process.stdin.on('data', () => {
  const lastAnswered = Math.max(-1, ...answered);
  console.log(JSON.stringify({ sent, answered: answered.size, lastAnswered, lost: lastAnswered + 1 - answered.size, seenAs }));
});
`;

/** A flow of UDP datagrams that continues until its lab ends. */
export class UdpFlow {
  private constructor(
    private readonly child: ChildProcess,
    private readonly lines: Interface,
  ) {}

  /**
   * @param listen the server's own address
   * @param to the server's address as the client knows it
   */
  static async start(
    client: Namespace,
    server: Namespace,
    { listen, to, port, everyMs }: { listen: string; to: string; port: number; everyMs: number },
  ): Promise<UdpFlow> {
    const run = (netns: Namespace, program: string, ...args: readonly string[]) =>
      netns.lab.spawn('nsenter', [`--net=${netns.path}`, node26(), '--eval', program, ...args], {
        stdio: ['pipe', 'pipe', 'ignore'],
      });
    const echo = run(server, SERVER, listen, `${port}`);
    await new Promise((resolve) => echo.stdout?.once('data', resolve));
    const child = run(client, CLIENT, to, `${port}`, `${everyMs}`);
    return new UdpFlow(child, createInterface({ input: child.stdout as NodeJS.ReadableStream }));
  }

  /** The counts so far. */
  count(): Promise<FlowCount> {
    const line = new Promise<FlowCount>((resolve) => this.lines.once('line', (text) => resolve(JSON.parse(text))));
    this.child.stdin?.write('\n');
    return line;
  }
}
