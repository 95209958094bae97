import { type Answer, type HealthAnswer, readMetrics, readServerHealth } from '../lib/review';
import { inTurn, type Kubectl } from './kubectl';

/** The number of kubectl processes at a time; each takes about 50 MB. */
const AT_ONCE = 24;
const LIST_SECONDS = 60;
/** How long to wait for a node that is down. Other nodes are read at the same time. */
const ASK_SECONDS = 3;
const component = (name: string) => `app.kubernetes.io/part-of=onprem-link,app.kubernetes.io/component=${name}`;

interface Pod {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels: Readonly<Record<string, string>>;
  };
  readonly spec: {
    readonly nodeName?: string;
    readonly containers: readonly {
      readonly ports?: readonly { readonly name?: string; readonly containerPort: number }[];
    }[];
  };
}

interface DaemonSet {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly status: { readonly desiredNumberScheduled: number; readonly currentNumberScheduled: number };
}

export interface Fleet {
  readonly answers: readonly Answer[];
  /** DaemonSets with too few agents, one line each. */
  readonly missing: readonly string[];
  /** The answers of the server health program's replicas. */
  readonly health: readonly HealthAnswer[];
}

/**
 * Reads the metrics of every agent through the API server, which reaches pods on the host network at their node's address.
 * @param command the kubectl command of the user for this cluster, with its options
 */
export async function askFleet(kubectl: Kubectl, scope: readonly string[], command: string): Promise<Fleet> {
  const list = async <T>(kind: string, selector = component('route-agent')) =>
    (
      JSON.parse(await kubectl(['get', kind, ...scope, `--selector=${selector}`, '--output=json'], LIST_SECONDS)) as {
        items: T[];
      }
    ).items;
  const [pods, daemonSets, healthPods] = await Promise.all([
    list<Pod>('pods'),
    list<DaemonSet>('daemonsets'),
    list<Pod>('pods', component('server-health')),
  ]);
  return {
    answers: await inTurn(pods, AT_ONCE, (pod) => ask(kubectl, pod)),
    missing: daemonSets.flatMap((one) => missingIn(one, command)),
    health: await inTurn(healthPods, AT_ONCE, (pod) => askHealth(kubectl, pod)),
  };
}

async function ask(kubectl: Kubectl, pod: Pod): Promise<Answer> {
  const { name, namespace, labels } = pod.metadata;
  const node = pod.spec.nodeName ?? 'no node yet';
  const pool = labels['app.kubernetes.io/name'] ?? '';
  const answer = { node, pool, namespace, pod: name };
  return { ...answer, status: await read(kubectl, pod, readMetrics) };
}

async function askHealth(kubectl: Kubectl, pod: Pod): Promise<HealthAnswer> {
  const { name, namespace } = pod.metadata;
  return { namespace, pod: name, status: await read(kubectl, pod, readServerHealth) };
}

/** The metrics of a pod, or the reason why they cannot be read. */
async function read<T>(kubectl: Kubectl, pod: Pod, parse: (text: string) => T): Promise<T | { error: string }> {
  const { name, namespace } = pod.metadata;
  const ports = pod.spec.containers.flatMap((container) => container.ports ?? []);
  const port = ports.find((one) => one.name === 'http')?.containerPort;
  try {
    const path = `/api/v1/namespaces/${namespace}/pods/${name}:${port}/proxy/metrics`;
    return parse(await kubectl(['get', '--raw', path], ASK_SECONDS));
  } catch (error) {
    return { error: reasonOf((error as Error).message, name) };
  }
}

/** The API server has just returned the list of pods, so a timeout is the node's. */
function reasonOf(message: string, pod: string): string {
  if (/took too long|timeout|deadline exceeded|request canceled/i.test(message))
    return `timed out after ${ASK_SECONDS} s; the API server answers, so the node may be down`;
  if (/connection refused/.test(message)) return 'the node refuses the connection, so its agent may be down';
  return withoutNames(message, pod);
}

/** The message without names and addresses, so that the table can group equal failures. */
function withoutNames(message: string, pod: string): string {
  return message.replaceAll(pod, 'the pod').replace(/\b\d+\.\d+\.\d+\.\d+:\d+\b|\[[0-9a-f:]+\]:\d+/g, 'its address');
}

function missingIn({ metadata: { name, namespace }, status }: DaemonSet, command: string): string[] {
  const missing = status.desiredNumberScheduled - status.currentNumberScheduled;
  if (missing <= 0) return [];
  return [`${missing} nodes of ${name} have no agent: ${command} -n ${namespace} describe daemonset ${name}`];
}
