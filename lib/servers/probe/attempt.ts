import http = require('node:http');
import https = require('node:https');
import net = require('node:net');
import tls = require('node:tls');

import type { Probe, TlsProbe } from '../../network';
import type { ProbeResult } from '../decide/health';

/** One attempt in progress. */
export interface Attempt {
  /** Undefined if it was cancelled first. */
  readonly result: Promise<ProbeResult | undefined>;
  /** Closes its connection. */
  cancel(): void;
}

const AGENT = 'onprem-link';
/** Contexts are expensive to create, and there are few. */
const contexts = new Map<string, tls.SecureContext>();

/** Opens one connection and performs the probe's request, without following redirects. It has no timeout of its own. */
export function attempt(address: string, probe: Probe): Attempt {
  if (probe.http !== undefined) return request(address, probe, probe.http);
  const started = performance.now();
  const socket =
    probe.tls === undefined
      ? net.connect({ host: address, port: probe.port })
      : tls.connect({ host: address, port: probe.port, ...tlsOptions(probe.tls) });
  const event = probe.tls === undefined ? 'connect' : 'secureConnect';
  const result = new Promise<ProbeResult | undefined>((resolve) => {
    const failed = (error: Error) => resolve({ ok: false, reason: reasonOf(error) });
    socket.once(event, () => {
      resolve({ ok: true, milliseconds: performance.now() - started });
      socket.destroy();
    });
    socket.on('error', failed);
    socket.once('end', () => failed(HUNG_UP));
    socket.once('close', () => resolve(undefined));
  });
  return { result, cancel: () => socket.destroy() };
}

function request(address: string, probe: Probe, { path, host, status }: NonNullable<Probe['http']>): Attempt {
  const started = performance.now();
  const headers = { 'user-agent': AGENT, connection: 'close', ...(host !== undefined && { host }) };
  const options = { host: address, port: probe.port, path, headers, agent: false as const };
  const sent =
    probe.tls === undefined ? http.request(options) : https.request({ ...options, ...tlsOptions(probe.tls) });
  const result = new Promise<ProbeResult | undefined>((resolve) => {
    sent.once('response', ({ statusCode = 0 }) => {
      const [least, most] = status;
      if (statusCode >= least && statusCode <= most) resolve({ ok: true, milliseconds: performance.now() - started });
      else resolve({ ok: false, reason: `HTTP ${statusCode}` });
      sent.destroy(); // the status is enough
    });
    sent.on('error', (error) => resolve({ ok: false, reason: reasonOf(error) }));
    sent.once('close', () => resolve(undefined));
    sent.end();
  });
  return { result, cancel: () => sent.destroy() };
}

/** Without authorities, the handshake must succeed whoever signed the certificate, as in a kubelet's HTTPS probe. */
function tlsOptions({ serverName, ca }: TlsProbe): tls.ConnectionOptions {
  return {
    secureContext: contextOf(ca ?? ''),
    servername: serverName ?? '',
    rejectUnauthorized: ca !== undefined,
  };
}

function contextOf(ca: string): tls.SecureContext {
  let context = contexts.get(ca);
  if (context === undefined) {
    context = tls.createSecureContext({ ca: ca === '' ? [] : ca });
    contexts.set(ca, context);
  }
  return context;
}

const HUNG_UP = Object.assign(new Error('connection closed'), { code: 'ECONNRESET' });

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EPIPE: 'connection reset',
  EHOSTUNREACH: 'no route to host',
  ENETUNREACH: 'network unreachable',
  ETIMEDOUT: 'connection timed out',
  EACCES: 'not permitted',
  EPERM: 'not permitted',
};

/** A short reason for an event; messages of OpenSSL and of the HTTP parser are shortened. */
function reasonOf(error: NodeJS.ErrnoException): string {
  const { code = '', message } = error;
  const known = REASONS[code];
  if (known !== undefined) return known;
  if (code.startsWith('HPE_')) return 'the answer is not HTTP';
  if (code.startsWith('ERR_SSL_')) return `TLS: ${code.slice('ERR_SSL_'.length).toLowerCase().replaceAll('_', ' ')}`;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return 'certificate: for another name';
  return `certificate: ${message.slice(0, 100)}`;
}
