import type { V1Container } from '@kubernetes/client-node';
import { node26Version } from '../requirements';
import { accountOf } from './pod-rights';
import type { PodToStart } from './pod-spec';

/** Where a pod runs. */
export interface PodPlace {
  readonly nodeName: string;
  readonly podIPs: readonly string[];
  readonly hostIPs: readonly string[];
  readonly uid: string;
}

/** The environment set by the Node image and the runtime. */
const IMAGE = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  NODE_VERSION: node26Version(),
};

/**
 * Resolves a field of the downward API.
 *
 * @param fieldPath e.g. 'spec.nodeName' or "metadata.labels['app']"
 * @throws for a field that it does not have
 */
export function podField(pod: PodToStart, place: PodPlace, fieldPath: string): string {
  const indexed = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(fieldPath);
  if (indexed) return pod[indexed[1] as 'labels' | 'annotations'][indexed[2] ?? ''] ?? '';
  const fields: Record<string, string | undefined> = {
    'metadata.name': pod.name,
    'metadata.namespace': pod.namespace,
    'metadata.uid': place.uid,
    'spec.nodeName': place.nodeName,
    'spec.serviceAccountName': pod.spec.serviceAccountName ?? 'default',
    'status.hostIP': place.hostIPs[0],
    'status.hostIPs': place.hostIPs.join(','),
    'status.podIP': place.podIPs[0],
    'status.podIPs': place.podIPs.join(','),
  };
  const value = fields[fieldPath];
  if (value === undefined) throw new Error(`fieldRef ${fieldPath}: not supported by the lab`);
  return value;
}

/** The variables for the Service `kubernetes` that a kubelet sets in every container. */
export function serviceEnvironment(host: string, port: number): Record<string, string> {
  const address = `tcp://${host.includes(':') ? `[${host}]` : host}:${port}`;
  const one = `KUBERNETES_PORT_${port}_TCP`;
  return {
    KUBERNETES_SERVICE_HOST: host,
    KUBERNETES_SERVICE_PORT: String(port),
    KUBERNETES_SERVICE_PORT_HTTPS: String(port),
    KUBERNETES_PORT: address,
    [one]: address,
    [`${one}_PROTO`]: 'tcp',
    [`${one}_PORT`]: String(port),
    [`${one}_ADDR`]: host,
  };
}

/** Replaces `$(NAME)` with the variable's value. Unknown names stay unchanged; `$$` becomes `$`. */
export function expand(text: string, variables: Readonly<Record<string, string>>): string {
  return text.replace(/\$\$|\$\(([^)]*)\)/g, (all, name: string | undefined) =>
    name === undefined ? '$' : (variables[name] ?? all),
  );
}

/**
 * The complete environment of a container, without variables of the lab.
 *
 * @param services see {@link serviceEnvironment}; variables of the pod override them
 * @throws for a value source that the lab does not support
 */
export function environmentOf(
  pod: PodToStart,
  hostname: string,
  place: PodPlace,
  services: Readonly<Record<string, string>>,
): Record<string, string> {
  const { home } = accountOf(pod.spec, pod.container);
  const environment: Record<string, string> = { ...IMAGE, HOME: home, HOSTNAME: hostname, ...services };
  for (const { name, value, valueFrom } of pod.container.env ?? []) {
    if (valueFrom && !valueFrom.fieldRef) {
      throw new Error(`env ${name}: the lab supports value and fieldRef, not ${Object.keys(valueFrom).join(', ')}`);
    }
    environment[name] = valueFrom?.fieldRef
      ? podField(pod, place, valueFrom.fieldRef.fieldPath)
      : expand(value ?? '', environment);
  }
  return environment;
}

/**
 * The command line of the container.
 *
 * @throws if the pod sets no command, because the lab does not know the image's own
 */
export function commandOf(container: V1Container, environment: Readonly<Record<string, string>>): string[] {
  if (!container.command?.length)
    throw new Error(`${container.name}: the pod sets no command, and the lab does not know the image's own`);
  return [...container.command, ...(container.args ?? [])].map((part) => expand(part, environment));
}
