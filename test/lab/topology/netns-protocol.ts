/** An HTTP request made inside a namespace. */
export interface FetchRequest {
  readonly url: string;
  /** @default 'GET' */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Address to send from. @default the kernel's choice */
  readonly source?: string;
  /** PEM of the authority to trust. @default the authorities that Node comes with */
  readonly ca?: string;
  /** Milliseconds until the whole answer must be there. @default 1000 */
  readonly timeoutMs?: number;
}

/** What came of an HTTP request. */
export interface FetchAnswer {
  /** HTTP status; 0 if there was no answer. */
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  readonly ms: number;
  /** Why there was no answer: 'TIMEOUT' or the code of the error, e.g. 'ENETUNREACH'. */
  readonly error?: string;
}

/** A TCP connection tried inside a namespace. */
export interface ConnectRequest {
  readonly address: string;
  readonly port: number;
  readonly source?: string;
  /** @default 1000 */
  readonly timeoutMs?: number;
}

/** A UDP datagram sent inside a namespace. */
export interface DatagramRequest {
  readonly address: string;
  readonly bytes: number;
  /** @default 1000 */
  readonly timeoutMs?: number;
}

/** Where a relay leads to. */
export type RelayTarget = { readonly path: string } | { readonly host: string; readonly port: number };

/** The commands that netns-program.ts understands, with what they take and give. */
export interface Commands {
  fetch: { takes: FetchRequest; gives: FetchAnswer };
  connect: { takes: ConnectRequest; gives: { ms: number; error?: string } };
  /** One UDP datagram of so many bytes to a port where nobody listens; gives the error that comes back for it. */
  datagram: { takes: DatagramRequest; gives: string };
  /** An HTTP server that answers every request with `text`. Port 0: any free one. */
  serve: { takes: { address: string; port: number; text: string }; gives: { server: number; port: number } };
  /** The addresses of the clients that this server answered, in order. */
  seen: { takes: { server: number }; gives: string[] };
  /** A TCP server that accepts every connection, and hands it, byte by byte, to a unix socket of the machine or to another server. */
  listen: { takes: { address: string; port: number; to: RelayTarget }; gives: { server: number; port: number } };
  close: { takes: { server: number }; gives: null };
  read: { takes: { path: string }; gives: string };
}

/** One line to netns-program.ts. */
export interface Request {
  readonly id: number;
  readonly command: keyof Commands;
  readonly args: never;
}

/** One line back. */
export interface Reply {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}
