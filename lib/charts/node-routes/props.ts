import type { k8s } from 'cdk8s-plus-28';
import type { RouteSpec } from '../../network';
import type { Quantities } from '../program/resources';
import type { OnPremise } from '../site/on-premise';
import type { AllowProps } from './allowed';

export interface NodeRoutesProps {
  /** Name of the DaemonSet and of the objects that belong to it: 1 to 52 of `a-z0-9-`. @default the construct's id */
  readonly name?: string;
  /** Namespace of all objects. @default 'onprem-link' */
  readonly namespace?: string;
  /** Emit the Namespace, which GitOps tools then never delete. Never emitted for default and kube-*. @default true */
  readonly createNamespace?: boolean;

  /** The networks whose (mapped) subnets are routed. @default all networks of the site, including those added later */
  readonly networks?: readonly OnPremise[];
  /**
   * Routes in addition to the networks' subnets, or with non-default attributes. A route with the same subnet, table
   * and metric as a network's replaces it. @default none
   */
  readonly routes?: readonly RouteSpec[];
  /**
   * Accept default routes and parts of them: prefixes shorter than /8, or /16 for IPv6.
   * @default false
   */
  readonly allowDefaultRoute?: boolean;
  /**
   * What else the route list may use. By default, a list may name only the tables, next hops and interfaces of the
   * site's own routes, so that a user who may edit only the ConfigMap cannot send packets any other way. @default
   * nothing else
   */
  readonly allow?: AllowProps;
  /**
   * Name of the ConfigMap. Its key `routes` holds the list; its key `servers` holds the servers of the site's Services,
   * and the agents verify that the routes lead to them. @default 'static-routes'
   */
  readonly configMapName?: string;

  /**
   * Destinations in the nodes' routing table whose next hop leads to the VPN. Per address family, the agent uses the
   * first one that the node has. @default ['10.0.0.0/8']
   */
  readonly privateNetworks?: readonly string[];
  /** Keep a node without such a table entry unready, instead of Ready with nothing to do. @default false */
  readonly requirePrivateNetwork?: boolean;
  /**
   * Routing protocol number that marks our routes in the kernel, 1 to 255. Each NodeRoutes needs its own.
   * @default 142
   */
  readonly protocol?: number;
  /** Former protocol numbers: the agent takes over routes that carry them, so a change leaves no orphans. @default none */
  readonly formerProtocols?: readonly number[];
  /**
   * Take over routes of the original DaemonSet (protocol boot) that have the same subnet and next hop.
   * @default false
   */
  readonly adoptLegacyRoutes?: boolean;
  /** Table for routes that do not set one, 1 to 4294967295, not 255. @default 254, the main table */
  readonly table?: number;
  /**
   * Tables that get a copy of each route of the main table, for rules that send packets there: `[2]` for the AWS VPC
   * CNI's `from <pod> lookup 2`. If a copy is missing, `status` names the table. @default none
   */
  readonly copyToTables?: readonly number[];
  /**
   * Keep a node unready while packets from its pods are known to use another route. Unknown does not count.
   * @default false
   */
  readonly requirePods?: boolean;
  /** Metric for routes that do not set one, 0 to 4294967294. @default 0, the kernel's own: 0 for IPv4, 1024 for IPv6 */
  readonly metric?: number;
  /** What happens to the routes when you uninstall (docs/uninstall.md). @default 'remove' */
  readonly onUninstall?: 'remove' | 'keep';
  /**
   * Where packets to a listed subnet go while its route is missing, for example because the private link is down.
   * 'nothing': they follow the node's other routes, usually the public default route. 'unreachable': the agent keeps an
   * unreachable route beside each confirmed route, so that the packets do not leave the node (docs/change-safely.md
   * says when to turn it on).
   * @default 'nothing'
   */
  readonly otherwise?: 'nothing' | 'unreachable';

  /**
   * What a node must still reach after a route change, if it could before, in addition to the API server: TCP addresses
   * and ports, `10.184.0.1:443` or `[fd00::1]:443`. If one is lost, the agent rolls the change back within 10 s.
   * @default none
   */
  readonly confirm?: readonly string[];
  /** Time between two probes of a target through a next hop, `1s` to `10m`. @default '10s' */
  readonly probeEvery?: string;
  /**
   * Which nodes probe the targets of the networks: all, or about this many, always the same ones. Other nodes do not
   * avoid next hops with a dead tunnel. A number requires nodeCount. @default 'all'
   */
  readonly probeNodes?: 'all' | number;
  /**
   * Keep a node unready while no target of a probed network answers. If the VPN is down, rolling updates then halt, and
   * GitOps tools show the DaemonSet as unhealthy. @default false
   */
  readonly requireReachable?: boolean;
  /**
   * How a changed list reaches the nodes. `live`: all nodes apply it at once, and each confirms it for itself.
   * `rolling`: the list is part of the pod template, so Kubernetes replaces the pods in a rolling update, which halts
   * if a pod does not become Ready because its node did not confirm the list. The list is then limited to 128 KiB.
   * @default 'live'
   */
  readonly changes?: 'live' | 'rolling';
  /**
   * How many nodes may try a changed list, or a new agent, at the same time: required with `changes: 'rolling'`, where
   * it replaces maxUnavailable. @default none
   */
  readonly canary?: Canary;
  /**
   * Approximate number of nodes, for what `npm run plan` says about a rolling update. Above 500, with live changes,
   * each node waits for a random time of up to 30 s before it tries a changed list, to reduce the load on the API server.
   * @default unknown
   */
  readonly nodeCount?: number;

  /**
   * Labels of the nodes to run on, in addition to `kubernetes.io/os: linux`. Several NodeRoutes on the same nodes leave
   * each other's routes alone. If two set different values for the same label, no node is in both. A node that moves
   * from one to the other keeps only the new one's routes: the new agent takes over the old routes once the old agent
   * has been silent there for 60 s.
   * @default none
   */
  readonly nodeSelector?: Readonly<Record<string, string>>;
  /** Taints that the pods tolerate; these replace the default. @default every taint is tolerated */
  readonly tolerations?: readonly k8s.Toleration[];
  /**
   * Where the agent's program comes from: ConfigMaps beside the DaemonSet, or your own image that contains its files in
   * /opt/onprem-link (see Dockerfile). @default 'config-map'
   */
  readonly agent?: 'config-map' | 'image';
  /** An image with Node 26.10 or later, with its tag. @default 'docker.io/library/node:26.10.0-trixie-slim' */
  readonly image?: string;
  /**
   * Pins the image, `sha256:` and 64 hexadecimal digits.
   * @default that of the default image; none for other images, whose tag then decides
   */
  readonly digest?: string;
  /** When the kubelet pulls the image. @default 'IfNotPresent' */
  readonly imagePullPolicy?: 'Always' | 'IfNotPresent' | 'Never';
  /** Names of Secrets in the namespace. @default none */
  readonly imagePullSecrets?: readonly string[];

  /**
   * TCP port of the agent: metrics on the node's own address, health and status on its loopback address; 1024 to 65535.
   * @default 9142
   */
  readonly port?: number;
  /**
   * How the agent reaches the API server.
   * @default the Service kubernetes, from the environment variables that the kubelet sets in every pod
   */
  readonly apiServer?: ApiServer;
  /**
   * Requests and limits. Setting one of the two replaces all of its defaults.
   * @default requests 10m CPU, 64Mi memory, 16Mi ephemeral-storage; limits 1 CPU, 256Mi memory, 64Mi ephemeral-storage
   */
  readonly resources?: { readonly requests?: Quantities; readonly limits?: Quantities };
  /**
   * Priority class of the pods. For a critical class, the site also emits the ResourceQuota that some clouds require
   * outside kube-system.
   * @default 'system-node-critical'
   */
  readonly priorityClassName?: string;
  /** How many nodes may be updated at once: 1 or more, or '1%' to '100%'. @default '10%', or that of canary */
  readonly maxUnavailable?: number | string;
  /** Lowest level of the log lines that are written. @default 'info' */
  readonly logLevel?: 'debug' | 'info' | 'warn' | 'error';
  /** Run privileged, for hosts whose security module requires it. Otherwise, NET_ADMIN is enough. @default false */
  readonly privileged?: boolean;
  /** Emit the SecurityContextConstraints that OpenShift needs (docs/openshift.md). @default false */
  readonly openShift?: boolean;
  /** Labels of all objects and of the pods; not part of any selector. @default none */
  readonly labels?: Readonly<Record<string, string>>;
  /** Annotations of all objects, but not of the pods, because a change would restart them. @default none */
  readonly annotations?: Readonly<Record<string, string>>;
}

/** The first nodes to get a change. */
export interface Canary {
  /** A number of nodes from 1, or '1%' to '100%' of them, rounded up. */
  readonly maxUnavailable: number | string;
}

/** Where the API server listens. */
export interface ApiServer {
  /** A host name or an address; IPv6 without brackets. */
  readonly host: string;
  /** 1 to 65535. */
  readonly port: number;
}
