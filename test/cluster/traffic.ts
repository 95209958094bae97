import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Namespace } from '../lab/topology/namespaces';

type Behaviour = 'ok' | 'error' | 'slow' | 'hung' | 'refuse' | 'secure' | 'certificate';

function start(netns: Namespace, program: string, args: readonly string[]) {
  const path = join(__dirname, 'programs', program);
  const child = netns.lab.spawn('nsenter', [`--net=${netns.path}`, process.execPath, path, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout as NonNullable<ChildProcess['stdout']> });
  return { child, next: () => new Promise<string>((resolve) => lines.once('line', resolve)) };
}

/** An on-premise server in its own network namespace. */
export class FailingServer {
  private readonly program: ReturnType<typeof start>;

  constructor(
    private readonly netns: Namespace,
    address: string,
    certificates: string,
  ) {
    this.program = start(netns, 'server.cjs', [address, certificates]);
  }

  /** Sets the behaviour of a port, and resets its open connections. */
  async behave(port: number, behaviour: Behaviour): Promise<void> {
    const done = this.program.next();
    this.program.child.stdin?.write(`${port} ${behaviour}\n`);
    await done;
  }

  /** Drops all packets to the host, or a share of them. @param share 0 to 1 */
  drop(share: number): void {
    const some = share === 1 ? '' : `numgen random mod 100 < ${Math.round(share * 100)} `;
    this.netns.load(`table inet fault {
  chain in {
    type filter hook input priority 0
    ${some}drop
  }
}
`);
  }

  answer(): void {
    this.netns.run('nft', 'delete', 'table', 'inet', 'fault');
  }
}

/** The result of a client. `at`: when a failed request began, in milliseconds since the epoch. */
export interface Seen {
  readonly total: number;
  readonly failures: readonly { readonly at: number; readonly reason: string }[];
}

/** A client that opens 200 new connections per second. */
export class Load {
  private constructor(private readonly program: ReturnType<typeof start>) {}

  static async start(netns: Namespace, url: string, rate = 200): Promise<Load> {
    const program = start(netns, 'load.cjs', [url, `${rate}`]);
    await program.next();
    return new Load(program);
  }

  async end(): Promise<Seen> {
    const line = this.program.next();
    this.program.child.stdin?.write('end\n');
    return JSON.parse(await line) as Seen;
  }
}
