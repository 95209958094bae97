import net = require('node:net');

/** Whoever listens there may send anything. */
const LONGEST_NAME = 1024;

/**
 * At most one agent per protocol number writes on a node: two would delete each other's routes. The lock is an
 * abstract Unix socket (man 7 unix): it lives in the node's network namespace, as the routes do, and the kernel
 * releases it with the process, however that ends. Who connects is told who holds it.
 */
export class InstanceLock {
  private server: net.Server | undefined;

  constructor(
    private readonly protocol: number,
    private readonly holder: string,
  ) {}

  /** @returns undefined when the lock is ours, or who holds it. */
  async acquire(): Promise<string | undefined> {
    if (this.server !== undefined) return undefined;
    const server = net.createServer((socket) => {
      socket.on('error', () => undefined);
      socket.end(this.holder);
    });
    server.unref();
    const isOurs = await new Promise<boolean>((resolve, reject) => {
      // Stays for what may come later, such as a connection that could not be accepted.
      server.on('error', (error: NodeJS.ErrnoException) =>
        error.code === 'EADDRINUSE' ? resolve(false) : reject(error),
      );
      server.listen(this.path, () => resolve(true));
    });
    if (isOurs) this.server = server;
    return isOurs ? undefined : await this.askHolder();
  }

  /** Whether anybody has it; also who does not answer, as the kernel takes connections for him. */
  isHeld(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = net.connect(this.path, () => socket.destroy());
      socket.on('connect', () => resolve(true));
      socket.on('error', ({ code }: NodeJS.ErrnoException) => resolve(code !== 'ECONNREFUSED'));
    });
  }

  release(): void {
    this.server?.close();
    this.server = undefined;
  }

  private get path(): string {
    return `\0onprem-link/route-protocol/${this.protocol}`;
  }

  private askHolder(): Promise<string> {
    return new Promise((resolve) => {
      let name = '';
      const socket = net.connect(this.path);
      socket.setTimeout(1000, () => socket.destroy());
      socket.on('data', (data) => {
        name += data;
        if (name.length > LONGEST_NAME) socket.destroy();
      });
      socket.on('error', () => undefined);
      socket.on('close', () => resolve(name.slice(0, LONGEST_NAME) || 'another agent'));
    });
  }
}
