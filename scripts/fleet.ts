import type { AgentStatus, Answer } from '../lib/review';
import { inTurn, type Kubectl } from './kubectl';

/** So many kubectl at a time: each is a process of some 50 MB. */
const AT_ONCE = 16;
const LIST_SECONDS = 60;
const ASK_SECONDS = 10;
const AGENTS = 'app.kubernetes.io/part-of=onprem-link,app.kubernetes.io/component=route-agent';

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
      readonly env?: readonly { readonly name: string; readonly value?: string }[];
    }[];
  };
}

interface DaemonSet {
  readonly metadata: { readonly name: string };
  readonly status: { readonly desiredNumberScheduled: number; readonly currentNumberScheduled: number };
}

export interface Fleet {
  readonly answers: readonly Answer[];
  /** Where there should be agents and are none. */
  readonly missing: readonly string[];
}

/** Asks every agent for its /status through the API server, which reaches pods on the host network at their node's address. */
export async function askFleet(kubectl: Kubectl, scope: readonly string[]): Promise<Fleet> {
  const list = async <T>(kind: string) =>
    (
      JSON.parse(await kubectl(['get', kind, ...scope, `--selector=${AGENTS}`, '--output=json'], LIST_SECONDS)) as {
        items: T[];
      }
    ).items;
  const [pods, daemonSets] = await Promise.all([list<Pod>('pods'), list<DaemonSet>('daemonsets')]);
  return { answers: await inTurn(pods, AT_ONCE, (pod) => ask(kubectl, pod)), missing: daemonSets.flatMap(missingIn) };
}

async function ask(kubectl: Kubectl, pod: Pod): Promise<Answer> {
  const { name, namespace, labels } = pod.metadata;
  const node = pod.spec.nodeName ?? 'no node yet';
  const pool = labels['app.kubernetes.io/name'] ?? '';
  const container = pod.spec.containers.find(({ env = [] }) => env.some((one) => one.name === 'INSTANCE'));
  const port = container?.ports?.find((one) => one.name === 'http')?.containerPort;
  const instance = container?.env?.find((one) => one.name === 'INSTANCE')?.value;
  try {
    const path = `/api/v1/namespaces/${namespace}/pods/${name}:${port}/proxy/status/${instance}`;
    return { node, pool, status: JSON.parse(await kubectl(['get', '--raw', path], ASK_SECONDS)) as AgentStatus };
  } catch (error) {
    return { node, pool, status: { error: withoutNames((error as Error).message, name) } };
  }
}

/** What all such pods have in common, so that equal failures are one. */
function withoutNames(message: string, pod: string): string {
  return message.replaceAll(pod, 'the pod').replace(/\b\d+\.\d+\.\d+\.\d+:\d+\b|\[[0-9a-f:]+\]:\d+/g, 'its address');
}

function missingIn({ metadata: { name }, status }: DaemonSet): string[] {
  const missing = status.desiredNumberScheduled - status.currentNumberScheduled;
  return missing <= 0 ? [] : [`${missing} nodes of ${name} have no agent: kubectl describe daemonset ${name}`];
}
