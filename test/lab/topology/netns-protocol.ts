/** An HTTP request to send in a namespace. */
export interface FetchRequest {
  readonly url: string;
  /** @default 'GET' */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Address to send from. @default the kernel's choice */
  readonly source?: string;
  /** The certificate of the CA to trust, as PEM. @default the CAs that Node trusts */
  readonly ca?: string;
  /** Milliseconds until the answer must be complete. @default 1000 */
  readonly timeoutMs?: number;
}

/** The result of an HTTP request. */
export interface FetchAnswer {
  /** HTTP status; 0 if there was no answer. */
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  readonly ms: number;
  /** Why there was no answer: 'TIMEOUT' or an error code, e.g. 'ENETUNREACH'. */
  readonly error?: string;
}

/** A TCP connection to try in a namespace. */
export interface ConnectRequest {
  readonly address: string;
  readonly port: number;
  readonly source?: string;
  /** @default 1000 */
  readonly timeoutMs?: number;
}

/** A UDP datagram to send in a namespace. */
export interface DatagramRequest {
  readonly address: string;
  readonly bytes: number;
  /** @default 1000 */
  readonly timeoutMs?: number;
}

/** The target of a relay. */
export type RelayTarget = { readonly path: string } | { readonly host: string; readonly port: number };

/** The commands of netns-program.ts, with their arguments and results. */
export interface Commands {
  fetch: { takes: FetchRequest; gives: FetchAnswer };
  connect: { takes: ConnectRequest; gives: { ms: number; error?: string } };
  /** Sends a UDP datagram of this size to a closed port. Returns the error that comes back. */
  datagram: { takes: DatagramRequest; gives: string };
  /** Starts an HTTP server that answers every request with `text`. Port 0: any free one. */
  serve: { takes: { address: string; port: number; text: string }; gives: { server: number; port: number } };
  /** Returns the addresses of the clients that this server answered, in order. */
  seen: { takes: { server: number }; gives: string[] };
  /** Starts a TCP server that relays every connection to a Unix socket of the machine or to another server. */
  listen: { takes: { address: string; port: number; to: RelayTarget }; gives: { server: number; port: number } };
  close: { takes: { server: number }; gives: null };
  read: { takes: { path: string }; gives: string };
}

/** A line to netns-program.ts. */
export interface Request {
  readonly id: number;
  readonly command: keyof Commands;
  readonly args: never;
}

/** A line from netns-program.ts. */
export interface Reply {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}
