import net = require('node:net');

/** Limit, because the process that listens there may send anything. */
const LONGEST_NAME = 1024;
const MOST_ASKING = 16;
const RETRY_MS = 1_000;
/** An agent that hangs is restarted before this many connections fail; a name whose queue stays full for longer does not belong to an agent. */
const MOST_UNANSWERED = 90;

/** Returns the user who listens on the other end of a connection. */
export type PeerUser = (socket: net.Socket) => number;

interface Holder {
  readonly name: string;
  /** Undefined if it accepts no connections. */
  readonly user: number | undefined;
}

/**
 * At most one agent per protocol number makes changes on a node: two would delete each other's routes. The lock is an
 * abstract Unix socket (man 7 unix): it lives in the node's network namespace, as the routes do, and the kernel
 * releases it with the process, however that ends. A process that connects learns who holds it. Every process on the
 * node's network may take the name, so only a holder that runs as root, like the agent, counts: beside another one the
 * agent works without the lock, and takes it as soon as it can.
 */
export class InstanceLock {
  private server: net.Server | undefined;
  private retry: NodeJS.Timeout | undefined;
  private unanswered = 0;

  constructor(
    private readonly protocol: number,
    private readonly holder: string,
    private readonly peerUser: PeerUser,
    /** Called if a process that is not an agent holds the name. */
    private readonly onSquatter: (user: number | undefined) => void = () => undefined,
  ) {}

  /** @returns undefined if the lock is ours, or held by no agent; otherwise, its holder. */
  async acquire(): Promise<string | undefined> {
    if (this.server !== undefined || this.retry !== undefined || (await this.listen())) return undefined;
    const { name, user } = await this.ask();
    this.unanswered = user === undefined ? this.unanswered + 1 : 0;
    if (isAgent(user) && this.unanswered <= MOST_UNANSWERED) return name;
    this.onSquatter(user);
    this.retry = setInterval(() => void this.listen().catch(() => undefined), RETRY_MS).unref();
    return undefined;
  }

  /** Whether an agent holds it, even one that does not answer, because the kernel accepts connections for it. */
  async isHeld(): Promise<boolean> {
    const { user, name } = await this.ask();
    return name !== NOBODY && isAgent(user);
  }

  release(): void {
    clearInterval(this.retry);
    this.retry = undefined;
    this.server?.close();
    this.server = undefined;
  }

  private async listen(): Promise<boolean> {
    const server = net.createServer((socket) => {
      socket.on('error', () => undefined);
      socket.end(this.holder, () => socket.destroy()); // so that a peer cannot keep it open
    });
    server.maxConnections = MOST_ASKING;
    server.unref();
    const isOurs = await new Promise<boolean>((resolve, reject) => {
      // Keeps handling later errors, such as a connection that could not be accepted.
      server.on('error', (error: NodeJS.ErrnoException) =>
        error.code === 'EADDRINUSE' ? resolve(false) : reject(error),
      );
      server.listen(this.path, () => resolve(true));
    });
    if (!isOurs) return false;
    clearInterval(this.retry);
    this.retry = undefined;
    this.server = server;
    return true;
  }

  private get path(): string {
    return `\0onprem-link/route-protocol/${this.protocol}`;
  }

  private ask(): Promise<Holder> {
    return new Promise((resolve) => {
      let name = '';
      let user: number | undefined;
      let isFree = false;
      const socket = net.connect(this.path, () => {
        user = this.peerUser(socket);
      });
      socket.setTimeout(1000, () => socket.destroy());
      socket.on('data', (data) => {
        name += data;
        if (name.length > LONGEST_NAME) socket.destroy();
      });
      socket.on('error', ({ code }: NodeJS.ErrnoException) => {
        isFree = code === 'ECONNREFUSED';
      });
      socket.on('close', () =>
        resolve({ user, name: isFree ? NOBODY : name.slice(0, LONGEST_NAME) || 'another agent' }),
      );
    });
  }
}

const NOBODY = '';

/** Agents run as root. A process that accepts no connections now may also be an agent. */
function isAgent(user: number | undefined): boolean {
  return user === undefined || user === 0 || user === process.getuid?.();
}
