import type { V1Container, V1Probe } from '@kubernetes/client-node';
import type { Namespace } from '../topology/namespaces';
import { NetnsClient } from '../topology/netns-client';

/** The result of a probe, as a kubelet judges it. */
export interface ProbeResult {
  readonly ok: boolean;
  /** HTTP status, or the exit code of an exec probe; 0 or -1 if there was no answer. */
  readonly status: number;
  /** Body or output. */
  readonly body: string;
  readonly error?: string;
}

/** Where and how a probe runs. */
export interface Probing {
  readonly netns: Namespace;
  readonly container: V1Container;
  readonly podIP: string;
  readonly exec: (command: string[], timeoutMs: number) => Promise<{ code: number; stdout: string }>;
}

function portOf(container: V1Container, port: string | number | undefined): number {
  if (typeof port === 'number') return port;
  const named = container.ports?.find(({ name }) => name === port)?.containerPort ?? Number(port);
  if (Number.isInteger(named)) return named;
  throw new Error(`${container.name}: no port is named ${port}`);
}

/** The headers that a kubelet of Kubernetes 1.36 sends with each request (pkg/probe/http/request.go). */
const KUBELET_HEADERS = { 'user-agent': 'kube-probe/1.36', accept: '*/*', connection: 'close' };
const MOST_REDIRECTS = 10;

/** Redirects to the same host are followed. A redirect to another host counts as success (pkg/probe/http/http.go). */
async function get(
  client: NetnsClient,
  url: string,
  headers: Readonly<Record<string, string>>,
  timeoutMs: number,
  redirects = MOST_REDIRECTS,
): Promise<ProbeResult> {
  const { status, body, error, headers: answered } = await client.fetch(url, { headers, timeoutMs });
  const next = status >= 300 && status < 400 ? answered.location : undefined;
  if (typeof next === 'string' && redirects > 0) {
    const target = new URL(next, url);
    if (target.hostname === new URL(url).hostname)
      return get(client, target.href, { ...headers, referer: url }, timeoutMs, redirects - 1);
  }
  return { ok: status >= 200 && status < 400, status, body, ...(error === undefined ? {} : { error }) };
}

/**
 * Runs a probe once, from the node's network as a kubelet does.
 *
 * @throws for a kind of probe that the lab does not support
 */
export async function probeOnce(probe: V1Probe, { netns, container, podIP, exec }: Probing): Promise<ProbeResult> {
  const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000;
  if (probe.httpGet) {
    const { scheme = 'HTTP', host = podIP, path = '/', httpHeaders = [] } = probe.httpGet;
    // HTTPS probes are not implemented: no manifest here uses one.
    if (scheme !== 'HTTP') throw new Error(`${container.name}: the lab supports HTTP probes, not ${scheme}`);
    const address = host.includes(':') ? `[${host}]` : host;
    const url = `http://${address}:${portOf(container, probe.httpGet.port)}${path.startsWith('/') ? '' : '/'}${path}`;
    const own = Object.fromEntries(httpHeaders.map(({ name, value }) => [name.toLowerCase(), value]));
    return get(NetnsClient.of(netns), url, { ...KUBELET_HEADERS, ...own }, timeoutMs);
  }
  if (probe.tcpSocket) {
    const { host = podIP, port } = probe.tcpSocket;
    const { error } = await NetnsClient.of(netns).connect({ address: host, port: portOf(container, port), timeoutMs });
    return { ok: error === undefined, status: 0, body: '', ...(error === undefined ? {} : { error }) };
  }
  if (probe.exec?.command) {
    const { code, stdout } = await exec(probe.exec.command, timeoutMs);
    return { ok: code === 0, status: code, body: stdout };
  }
  throw new Error(`${container.name}: the lab supports only httpGet, tcpSocket and exec probes`);
}
