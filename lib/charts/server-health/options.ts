import type { k8s } from 'cdk8s-plus-28';
import { LOG_LEVELS } from '../../settings/table';
import { dnsLabel, dnsSubdomain, readAnnotations, readLabels, readNodeSelector } from '../input/names';
import { listOf, oneOf, readBoolean, type Schema } from '../input/schema';
import { DEFAULT_IMAGE } from '../program/image';
import { readDigest, readImage, readToleration, readUnprivilegedPort } from '../program/options';
import { type Quantities, type Resources, readResources } from '../program/resources';

/** The program that probes the servers of all Services with `health`. */
export interface ServerHealthProps {
  /** Name of its objects. @default the construct's id */
  readonly name?: string;
  /**
   * Namespace of its objects; a separate one, so that Pod Security can be `restricted` there.
   * @default 'onprem-link-health'
   */
  readonly namespace?: string;
  /** Emit the Namespace. @default true */
  readonly createNamespace?: boolean;
  /** A stock Node image of version 26 or later, with its tag. @default that of the route agent */
  readonly image?: string;
  /** sha256 digest of the image. @default that of the default image */
  readonly digest?: string;
  /** When the kubelet pulls the image. @default 'IfNotPresent' */
  readonly imagePullPolicy?: 'Always' | 'IfNotPresent' | 'Never';
  /** Names of Secrets in its namespace. @default none */
  readonly imagePullSecrets?: readonly string[];
  /** TCP port for health and metrics, on the pod's address. @default 9143 */
  readonly port?: number;
  /**
   * Requests and limits. Setting one of the two replaces all of its defaults. The default requests suit 200 Services
   * with 5 servers each, probed every 10 s.
   * @default requests 50m CPU, 96Mi memory, 16Mi ephemeral-storage; limits 1 CPU, 256Mi memory, 64Mi ephemeral-storage
   */
  readonly resources?: { readonly requests?: Quantities; readonly limits?: Quantities };
  /** Labels of the nodes that it may run on. @default every Linux node */
  readonly nodeSelector?: Readonly<Record<string, string>>;
  /** Taints that the pods tolerate. @default none */
  readonly tolerations?: readonly k8s.Toleration[];
  /** Priority class of the pods. @default that of the cluster */
  readonly priorityClassName?: string;
  /** Let OpenShift's restricted-v2 SCC choose the user ID. @default false */
  readonly openShift?: boolean;
  /** Lowest level of the log lines that are written. @default 'info' */
  readonly logLevel?: 'debug' | 'info' | 'warn' | 'error';
  /** Labels of all objects. @default none */
  readonly labels?: Readonly<Record<string, string>>;
  /** Annotations of all objects. @default none */
  readonly annotations?: Readonly<Record<string, string>>;
  /** The program, for tests whose snapshots must not depend on it. @default that of this package */
  readonly program?: string;
}

/** The props with defaults filled in and strings parsed. */
export interface ServerHealthSettings
  extends Required<Omit<ServerHealthProps, 'digest' | 'resources' | 'priorityClassName' | 'program'>> {
  readonly digest: string | undefined;
  readonly resources: Resources;
  readonly priorityClassName: string | undefined;
  readonly program: string | undefined;
}

/** Measured (docs/server-health.md): 200 Services with 5 servers each, probed by HTTPS every 10 s. */
const DEFAULT_RESOURCES: Resources = {
  requests: { cpu: '50m', memory: '96Mi', 'ephemeral-storage': '16Mi' },
  limits: { cpu: '1', memory: '256Mi', 'ephemeral-storage': '64Mi' },
};

/**
 * Shorter than other names, because a Lease's name adds `-standby`, and a ConfigMap's name adds `-program-` and a hash.
 */
export const readServerHealthName = dnsLabel('server health', 44);

export function serverHealthSchema(id: string): Schema<ServerHealthSettings> {
  return {
    name: { fallback: id, read: readServerHealthName },
    namespace: { fallback: 'onprem-link-health', read: dnsLabel('a namespace') },
    createNamespace: { fallback: true, read: readBoolean },
    image: { fallback: DEFAULT_IMAGE, read: readImage },
    digest: { fallback: undefined, read: readDigest },
    imagePullPolicy: { fallback: 'IfNotPresent', read: oneOf('Always', 'IfNotPresent', 'Never') },
    imagePullSecrets: { fallback: [], read: listOf(dnsSubdomain('a Secret')) },
    port: { fallback: 9143, read: readUnprivilegedPort },
    resources: { fallback: DEFAULT_RESOURCES, read: (value) => readResources(value, DEFAULT_RESOURCES) },
    nodeSelector: { fallback: {}, read: readNodeSelector },
    tolerations: { fallback: [], read: listOf(readToleration) },
    priorityClassName: { fallback: undefined, read: dnsSubdomain('a priority class') },
    openShift: { fallback: false, read: readBoolean },
    logLevel: { fallback: 'info', read: oneOf(...LOG_LEVELS) },
    labels: { fallback: {}, read: readLabels },
    annotations: { fallback: {}, read: readAnnotations },
    program: { fallback: undefined, read: (value) => `${value}` },
  };
}
