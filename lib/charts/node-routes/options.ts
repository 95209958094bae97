import {
  Address,
  MAIN_TABLE,
  parseTarget,
  parseUnicastSubnet,
  readInteger,
  readMetric,
  readTable,
  refuse,
  type Subnet,
  targetText,
} from '../../network';
import { LOG_LEVELS } from '../../settings/table';
import { readDuration } from '../input/duration';
import { dnsLabel, dnsSubdomain, readAnnotations, readLabels, readNodeSelector } from '../input/names';
import { listOf, oneOf, readBoolean, readNested, type Schema, someOf } from '../input/schema';
import { DEFAULT_IMAGE } from '../program/image';
import { readDigest, readImage, readToleration, readUnprivilegedPort } from '../program/options';
import { DEFAULT_RESOURCES, type Resources, readResources } from '../program/resources';
import { OnPremise } from '../site/on-premise';
import { ALLOW_NOTHING_ELSE, type Allow, readAllow } from './allowed';
import type { ApiServer, Canary, NodeRoutesProps } from './props';
import { readRouteProtocol } from './route-protocol';

/** The props with defaults filled in and strings parsed. */
export interface NodeRoutesSettings
  extends Required<
    Omit<
      NodeRoutesProps,
      | 'networks'
      | 'routes'
      | 'privateNetworks'
      | 'digest'
      | 'allow'
      | 'apiServer'
      | 'resources'
      | 'canary'
      | 'nodeCount'
      | 'probeEvery'
      | 'maxUnavailable'
    >
  > {
  readonly allow: Allow;
  readonly canary: Canary | undefined;
  readonly nodeCount: number | undefined;
  /** Milliseconds. */
  readonly probeEvery: number;
  /** The value in the props; {@link maxUnavailableOf} returns the effective one. */
  readonly maxUnavailable: number | string | undefined;
  readonly networks: readonly OnPremise[] | undefined;
  /** Not parsed yet: whether a route is valid depends on table, metric and allowDefaultRoute. */
  readonly routes: unknown;
  readonly privateNetworks: readonly Subnet[];
  readonly digest: string | undefined;
  readonly apiServer: ApiServer | undefined;
  readonly resources: Resources;
}

/** The main table's number (include/uapi/linux/rtnetlink.h). */

/** Shorter than other names, because a file's name adds `-routing`, and a ConfigMap's name adds `-routing-` and a hash. */
export const readNodeRoutesName = dnsLabel('node routes', 52);

const API_SERVER_SCHEMA: Schema<ApiServer> = {
  host: { fallback: '', required: true, read: readHost },
  port: { fallback: 443, required: true, read: (value) => readInteger(value, 1, 65535, 'port') },
};

const CANARY_SCHEMA: Schema<Canary> = {
  maxUnavailable: { fallback: 1, required: true, read: readMaxUnavailable },
};

const DEFAULT_MAX_UNAVAILABLE = '10%';

/** How many nodes may lack a Ready pod while pods are replaced. */
export function maxUnavailableOf({ canary, maxUnavailable }: NodeRoutesSettings): number | string {
  return canary?.maxUnavailable ?? maxUnavailable ?? DEFAULT_MAX_UNAVAILABLE;
}

export function nodeRoutesSchema(id: string): Schema<NodeRoutesSettings> {
  return {
    name: { fallback: id, read: readNodeRoutesName },
    namespace: { fallback: 'onprem-link', read: dnsLabel('a namespace') },
    createNamespace: { fallback: true, read: readBoolean },
    networks: { fallback: undefined, read: listOf(readNetwork) },
    routes: { fallback: [], read: (value) => value },
    allowDefaultRoute: { fallback: false, read: readBoolean },
    allow: { fallback: ALLOW_NOTHING_ELSE, read: readAllow },
    configMapName: { fallback: 'static-routes', read: dnsSubdomain('a ConfigMap') },
    privateNetworks: {
      fallback: [parseUnicastSubnet('10.0.0.0/8')],
      read: someOf(
        (subnet) => parseUnicastSubnet(subnet, { allowWide: true }),
        'write the private network of the nodes, e.g. ["10.0.0.0/8"]',
      ),
    },
    requirePrivateNetwork: { fallback: false, read: readBoolean },
    protocol: { fallback: 142, read: readRouteProtocol },
    formerProtocols: { fallback: [], read: listOf(readRouteProtocol) },
    adoptLegacyRoutes: { fallback: false, read: readBoolean },
    table: { fallback: MAIN_TABLE, read: readTable },
    copyToTables: { fallback: [], read: readCopyTables },
    requirePods: { fallback: false, read: readBoolean },
    metric: { fallback: 0, read: readMetric },
    onUninstall: { fallback: 'remove', read: oneOf('remove', 'keep') },
    otherwise: { fallback: 'nothing', read: oneOf('nothing', 'unreachable') },
    confirm: { fallback: [], read: listOf((target) => targetText(parseTarget(target))) },
    probeEvery: { fallback: 10_000, read: readDuration('1s', '10m') },
    probeNodes: { fallback: 'all', read: readProbeNodes },
    requireReachable: { fallback: false, read: readBoolean },
    changes: { fallback: 'live', read: oneOf('live', 'rolling') },
    canary: { fallback: undefined, read: readNested(CANARY_SCHEMA) },
    nodeCount: { fallback: undefined, read: (value) => readInteger(value, 1, 1_000_000, 'number of nodes') },
    nodeSelector: { fallback: {}, read: readNodeSelector },
    tolerations: { fallback: [{ operator: 'Exists' }], read: listOf(readToleration) },
    agent: { fallback: 'config-map', read: oneOf('config-map', 'image') },
    image: { fallback: DEFAULT_IMAGE, read: readImage },
    digest: { fallback: undefined, read: readDigest },
    imagePullPolicy: { fallback: 'IfNotPresent', read: oneOf('Always', 'IfNotPresent', 'Never') },
    imagePullSecrets: { fallback: [], read: listOf(dnsSubdomain('a Secret')) },
    port: { fallback: 9142, read: readUnprivilegedPort },
    apiServer: { fallback: undefined, read: readNested(API_SERVER_SCHEMA) },
    resources: { fallback: DEFAULT_RESOURCES, read: readResources },
    priorityClassName: { fallback: 'system-node-critical', read: dnsSubdomain('a priority class') },
    maxUnavailable: { fallback: undefined, read: readMaxUnavailable },
    logLevel: { fallback: 'info', read: oneOf(...LOG_LEVELS) },
    privileged: { fallback: false, read: readBoolean },
    openShift: { fallback: false, read: readBoolean },
    labels: { fallback: {}, read: readLabels },
    annotations: { fallback: {}, read: readAnnotations },
  };
}

function readCopyTables(value: unknown): number[] {
  const tables = listOf(readCopyTable)(value);
  const twice = tables.find((table, i) => tables.indexOf(table) !== i);
  if (twice === undefined) return tables;
  throw refuse(twice, 'is listed twice', 'remove one');
}

function readCopyTable(value: unknown): number {
  const table = readTable(value);
  if (table !== MAIN_TABLE) return table;
  throw refuse(value, 'is the main table, whose routes are copied', 'write the number of another table, e.g. [2]');
}

function readProbeNodes(value: unknown): 'all' | number {
  if (value === 'all' || (typeof value === 'number' && Number.isInteger(value) && value >= 1)) return value;
  throw refuse(value, 'is not a number of nodes', 'write 1 or more, or "all"');
}

function readNetwork(value: unknown): OnPremise {
  if (value instanceof OnPremise) return value;
  throw refuse(value, 'is not an on-premise network', 'write what site.onPremise(…) returned');
}

function readMaxUnavailable(value: unknown): number | string {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1) return value;
  if (typeof value === 'string' && /^(?:[1-9]\d?|100)%$/.test(value)) return value;
  throw refuse(value, 'is not a number of nodes', 'write 1 or more, or "1%" to "100%"');
}

function readHost(value: unknown): string {
  const isAddress = typeof value === 'string' && /^[\d.]+$|:/.test(value);
  return isAddress ? Address.parse(value).toString() : dnsSubdomain('a host')(value);
}
