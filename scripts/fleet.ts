import { type Answer, type HealthAnswer, readMetrics, readServerHealth } from '../lib/review';
import { inTurn, type Kubectl } from './kubectl';

/** So many kubectl at a time: each is a process of some 50 MB. */
const AT_ONCE = 24;
const LIST_SECONDS = 60;
/** A node that is down costs this, and those beside it cost no more. */
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
  /** Where there should be agents and are none. */
  readonly missing: readonly string[];
  /** What the replicas of the server health program said. */
  readonly health: readonly HealthAnswer[];
}

/**
 * Asks every agent for its metrics through the API server, which reaches pods on the host network at their node's address.
 * @param command how a user calls kubectl for this cluster.
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

/** What a pod's metrics say, or why they say nothing. */
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

/** The list came from the API server a moment ago, so silence is the node's. */
function reasonOf(message: string, pod: string): string {
  if (/took too long|timeout|deadline exceeded|request canceled/i.test(message))
    return `nothing within ${ASK_SECONDS} s; the API server answers, the node may be down`;
  if (/connection refused/.test(message)) return 'the node refuses the connection; its agent may be down';
  return withoutNames(message, pod);
}

/** What all such pods have in common, so that equal failures are one. */
function withoutNames(message: string, pod: string): string {
  return message.replaceAll(pod, 'the pod').replace(/\b\d+\.\d+\.\d+\.\d+:\d+\b|\[[0-9a-f:]+\]:\d+/g, 'its address');
}

function missingIn({ metadata: { name, namespace }, status }: DaemonSet, command: string): string[] {
  const missing = status.desiredNumberScheduled - status.currentNumberScheduled;
  if (missing <= 0) return [];
  return [`${missing} nodes of ${name} have no agent: ${command} -n ${namespace} describe daemonset ${name}`];
}
