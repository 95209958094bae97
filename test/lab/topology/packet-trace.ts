import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { missingPrograms, missingRequirements } from '../requirements';
import { waitFor } from '../wait';
import type { Namespace } from './namespaces';
import { NetnsClient } from './netns-client';

const DISCARD_PORT = 9;

/** The requirements of the lab with packet traces that this machine does not meet. */
export function missingForTraces(path = process.env.PATH ?? ''): string[] {
  return [...missingPrograms({ tcpdump: ['tcpdump'] }, path), ...missingRequirements(path)];
}

/** The packets that tcpdump captures on one interface. */
export class PacketTrace {
  private readonly lines: string[] = [];
  private notes = '';

  private constructor(
    private readonly netns: Namespace,
    private readonly child: ChildProcess,
    private readonly marker: string,
  ) {
    if (child.stdout) createInterface({ input: child.stdout }).on('line', (line) => this.lines.push(line));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.notes += text;
    });
  }

  /**
   * Starts tcpdump, and waits until it captures.
   *
   * @param filter in the syntax of pcap-filter(7)
   * @param marker an IPv4 address behind that interface whose packets the filter does not match
   */
  static async start(netns: Namespace, dev: string, filter: string, marker: string): Promise<PacketTrace> {
    const expression = `(${filter}) or (udp and dst host ${marker} and dst port ${DISCARD_PORT})`;
    const options = ['--immediate-mode', '--no-promiscuous-mode', '-nn', '-l', '-i', dev];
    const args = [`--net=${netns.path}`, 'tcpdump', ...options, expression];
    const trace = new PacketTrace(
      netns,
      netns.lab.spawn('nsenter', args, { stdio: ['ignore', 'pipe', 'pipe'] }),
      marker,
    );
    await waitFor('tcpdump to listen', 10_000, () => trace.notes.includes('listening on'));
    return trace;
  }

  /** Stops tcpdump. @returns a line for each packet so far, without the marker's */
  async stop(): Promise<string[]> {
    const isMarker = (line: string) => line.includes(`> ${this.marker}.${DISCARD_PORT}: UDP`);
    await waitFor('tcpdump to capture the marker', 10_000, async () => {
      await NetnsClient.of(this.netns).datagram({ address: this.marker, bytes: 1, timeoutMs: 20 });
      return this.lines.some(isMarker);
    });
    this.child.kill();
    return this.lines.filter((line) => !isMarker(line));
  }
}
