import { X509Certificate } from 'node:crypto';
import { Findings, type HttpProbe, readInteger, refuse, type TlsProbe } from '../../network';
import { readDuration } from '../input/duration';
import { dnsSubdomain } from '../input/names';
import { isRecord, readBoolean, readNested, type Schema } from '../input/schema';

/** How the servers of a Service are probed. Give `tcp`, `http` or `tls`; `http` with `tls` is HTTPS. */
export interface ServerHealthProbe {
  /** Probe by opening a TCP connection. @default not set */
  readonly tcp?: true;
  /** Probe with a GET request, which must be answered with a status that `http.status` accepts. @default not set */
  readonly http?: HttpProbeSpec;
  /**
   * Probe with a TLS handshake, which must succeed. With `http`, the request is sent over this connection.
   * @default not set
   */
  readonly tls?: TlsProbeSpec;
  /** Port on the servers: a number, or the name of one of the Service's ports. @default the Service's first TCP port */
  readonly port?: number | string;
  /** Time between two probes of a server, `1s` to `5m`. @default '10s' */
  readonly every?: string;
  /**
   * Timeout of one probe, from the first packet to the answer, `100ms` to `every`.
   * @default '2s', or `every` if that is less
   */
  readonly timeout?: string;
  /**
   * Consecutive failures after which a server is down, 1 to 20. With 1, an interruption of the path to all servers that
   * is shorter than `every` can mark one down. @default 3
   */
  readonly downAfter?: number;
  /** Consecutive successes after which it is up again, 1 to 20. @default 2 */
  readonly upAfter?: number;
  /** If fewer servers than this are up, all get new connections: 1 to the number of servers. @default 1 */
  readonly panicThreshold?: number;
  /**
   * Keep the EndpointSlices in Git beside the program's. Set this in the first of the two changes that turn `health` on
   * or off, so that no connection is lost in between. @default false
   */
  readonly handover?: boolean;
}

export interface HttpProbeSpec {
  /** Path and query, beginning with a slash. */
  readonly path: string;
  /** Host header. @default the server's address */
  readonly host?: string;
  /**
   * Status that means healthy, or the lowest and highest such status. Redirects are not followed.
   * @default [200, 299]
   */
  readonly status?: number | readonly [number, number];
}

export interface TlsProbeSpec {
  /** Server name for SNI; with `ca`, the certificate must be valid for it. @default none */
  readonly serverName?: string;
  /** CA certificates in PEM. @default none: the certificate is not verified, as in a kubelet's probes */
  readonly ca?: string;
}

/** The same with strings parsed. */
export interface ProbeSettings {
  readonly tcp: boolean;
  readonly http: HttpProbe | undefined;
  readonly tls: TlsProbe | undefined;
  readonly port: number | string | undefined;
  readonly everyMs: number;
  readonly timeoutMs: number;
  readonly downAfter: number;
  readonly upAfter: number;
  readonly panicThreshold: number;
  readonly handover: boolean;
}

interface Given extends Omit<ProbeSettings, 'everyMs' | 'timeoutMs'> {
  readonly every: number;
  readonly timeout: number | undefined;
}

const ANY_SUCCESS: readonly [number, number] = [200, 299];
const DEFAULT_EVERY_MS = 10_000;
const DEFAULT_TIMEOUT_MS = 2_000;
const readThreshold = (value: unknown) => readInteger(value, 1, 20, 'threshold');

const HTTP_SCHEMA: Schema<HttpProbe> = {
  path: { fallback: '/', required: true, read: readPath },
  host: { fallback: undefined, read: readHostHeader },
  status: { fallback: ANY_SUCCESS, read: readStatus },
};

const TLS_SCHEMA: Schema<TlsProbe> = {
  serverName: { fallback: undefined, read: dnsSubdomain('a server') },
  ca: { fallback: undefined, read: readAuthorities },
};

const PROBE_SCHEMA: Schema<Given> = {
  tcp: { fallback: false, read: readTcp },
  http: { fallback: undefined, read: readNested(HTTP_SCHEMA) },
  tls: { fallback: undefined, read: readTls },
  port: { fallback: undefined, read: readPort },
  every: { fallback: DEFAULT_EVERY_MS, read: readDuration('1s', '5m') },
  timeout: { fallback: undefined, read: readDuration('100ms', '5m') },
  downAfter: { fallback: 3, read: readThreshold },
  upAfter: { fallback: 2, read: readThreshold },
  panicThreshold: { fallback: 1, read: (value) => readInteger(value, 1, 1000, 'number of servers') },
  handover: { fallback: false, read: readBoolean },
};

export function readServerHealth(value: unknown): ProbeSettings {
  if (!isRecord(value))
    throw refuse(value, 'is not a probe', 'write e.g. { tcp: true } or { http: { path: "/healthz" } }');
  const { every, timeout, ...rest } = readNested(PROBE_SCHEMA)(value);
  const { tcp, http, tls } = rest;
  const findings = new Findings();
  if (tcp && (http ?? tls) !== undefined)
    findings.add('tcp', true, 'checks less than http and tls', 'remove tcp, or the others');
  if (!tcp && (http ?? tls) === undefined)
    findings.add('', value, 'does not say what to probe', 'add tcp: true, http: { path: "/healthz" } or tls: {}');
  if (timeout !== undefined && timeout > every)
    findings.add('timeout', value.timeout, `is longer than the ${every / 1000} s between two probes`, 'shorten it');
  findings.throwIfAny();
  return { ...rest, everyMs: every, timeoutMs: timeout ?? Math.min(every, DEFAULT_TIMEOUT_MS) };
}

function readTcp(value: unknown): boolean {
  if (value === true) return true;
  throw refuse(value, 'is not true', 'write tcp: true, or leave it out');
}

function readPath(value: unknown): string {
  if (typeof value === 'string' && /^\/[!-~]{0,1023}$/.test(value)) return value;
  throw refuse(value, 'is not a path', 'begin with a slash, and write printable ASCII characters without spaces');
}

function readHostHeader(value: unknown): string {
  const isName =
    typeof value === 'string' && /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252})|\[[0-9a-f:]+\])(?::\d{1,5})?$/.test(value);
  if (isName) return value;
  throw refuse(value, 'is not a Host header', 'write e.g. "orders.corp.example"');
}

function readStatus(value: unknown): readonly [number, number] {
  const [least, most, ...more] = Array.isArray(value) ? value : [value, value];
  const isStatus = (one: unknown) => Number.isInteger(one) && (one as number) >= 100 && (one as number) <= 599;
  if (isStatus(least) && isStatus(most) && least <= most && more.length === 0) return [least, most];
  throw refuse(value, 'is not a status or a range of statuses', 'write e.g. 200 or [200, 399]');
}

function readPort(value: unknown): number | string {
  if (typeof value === 'string') return value; // a name; whether the port exists is checked with the Service
  return readInteger(value, 1, 65535, 'port');
}

function readTls(value: unknown): TlsProbe {
  const tls = readNested(TLS_SCHEMA)(value);
  if (tls.ca === undefined || tls.serverName !== undefined) return tls;
  throw refuse(value, 'has a ca but no serverName to compare the certificate with', 'add serverName');
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** @returns only the certificates, without the comments around them, which no program reads */
function readAuthorities(value: unknown): string {
  const remedy = 'write the text of a PEM file, e.g. readFileSync("corp-ca.pem", "utf8")';
  if (typeof value === 'string' && value.includes('PRIVATE KEY-----'))
    throw refuse('…', 'contains a private key, which must not get into Git', 'write only the certificates');
  const blocks = typeof value === 'string' ? (value.match(CERTIFICATE) ?? []) : [];
  if (blocks.length === 0) throw refuse(value, 'contains no PEM certificate', remedy);
  for (const block of blocks) requireAuthority(block, remedy);
  return `${blocks.join('\n')}\n`;
}

function requireAuthority(block: string, remedy: string): void {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(block);
  } catch {
    throw refuse(block.slice(27, 60), 'is not a certificate', remedy);
  }
  // The certificate may be a server's self-signed one.
  if (certificate.ca || certificate.checkIssued(certificate)) return;
  throw refuse(
    certificate.subject,
    'is not the certificate of a certificate authority',
    "write its issuer's certificate",
  );
}
