import type { k8s } from 'cdk8s-plus-28';
import type { RouteSpec } from '../../network';
import type { Quantities } from '../program/resources';
import type { OnPremise } from '../site/on-premise';
import type { AllowProps } from './allowed';

export interface NodeRoutesProps {
  /** Name of the DaemonSet and what belongs to it: 1 to 52 of `a-z0-9-`. @default the construct's id */
  readonly name?: string;
  /** Namespace of all objects. @default 'onprem-link' */
  readonly namespace?: string;
  /** Emit the Namespace, which nothing deletes again; never done for default and kube-*. @default true */
  readonly createNamespace?: boolean;

  /** The networks whose (mapped) subnets are routed. @default all of the site, also those added later */
  readonly networks?: readonly OnPremise[];
  /**
   * Routes beyond the networks' subnets, or with more than a subnet to say. One for the same subnet, table and metric
   * as a network's takes its place. @default none
   */
  readonly routes?: readonly RouteSpec[];
  /**
   * Accept default routes and parts of them among the routes: prefixes shorter than /8, IPv6 shorter than /16.
   * @default false
   */
  readonly allowDefaultRoute?: boolean;
  /**
   * What else the route list may use. The site's own routes decide which tables, next hops and interfaces a list may
   * name: somebody who may only edit the ConfigMap cannot send packets any other way. @default nothing else
   */
  readonly allow?: AllowProps;
  /**
   * Name of the ConfigMap that holds the list under the key `routes`, and under `servers` those of the site's services
   * whose way the agents prove. @default 'static-routes'
   */
  readonly configMapName?: string;

  /**
   * Destinations in the nodes' routing table whose next hop leads to the VPN; per family the first that a node has is
   * taken. @default ['10.0.0.0/8']
   */
  readonly privateNetworks?: readonly string[];
  /** A node without such a table entry is not Ready, instead of Ready with nothing to do. @default false */
  readonly requirePrivateNetwork?: boolean;
  /** Mark of our routes in the kernel, 1 to 255; each NodeRoutes has its own. @default 142 */
  readonly protocol?: number;
  /** Former protocol numbers: the agent takes over routes that carry them, so a change leaves no orphans. @default none */
  readonly formerProtocols?: readonly number[];
  /** Take over routes of the original DaemonSet (protocol boot) with the same subnet and next hop. @default false */
  readonly adoptLegacyRoutes?: boolean;
  /** Table of routes that name none, 1 to 4294967295, not 255. @default 254, the main table */
  readonly table?: number;
  /**
   * Tables that get a copy of each route of the main table, for rules that send packets there: `[2]` for the AWS VPC CNI's
   * `from <pod> lookup 2`. `status` names the table where one is missing. @default none
   */
  readonly copyToTables?: readonly number[];
  /** A node is not Ready while packets of its pods are known to go another way; unknown does not count. @default false */
  readonly requirePods?: boolean;
  /** Metric of routes that name none, 0 to 4294967294. @default 0, the kernel's own: 0 for IPv4, 1024 for IPv6 */
  readonly metric?: number;
  /** What happens to the routes at an uninstall, see docs/uninstall.md. @default 'remove' */
  readonly onUninstall?: 'remove' | 'keep';
  /**
   * What takes the packets to a listed subnet while its route is away, for example because the private link is down.
   * 'nothing': what else the node has, usually the public default route. 'unreachable': an unreachable route beside each
   * confirmed route, so that they leave by no way at all (docs/change-safely.md says when to turn it on).
   * @default 'nothing'
   */
  readonly otherwise?: 'nothing' | 'unreachable';

  /**
   * What a node must still reach after a change of its routes, if it could before, beside the API server: TCP addresses
   * and ports, `10.184.0.1:443` or `[fd00::1]:443`. Otherwise the change is taken back after 10 s. @default none
   */
  readonly confirm?: readonly string[];
  /** Time between two probes of a target through a next hop, `1s` to `10m`. @default '10s' */
  readonly probeEvery?: string;
  /**
   * Which nodes probe the targets of the networks: all, or about so many, always the same. Other nodes do not avoid next
   * hops whose tunnel is dead. A number needs nodeCount. @default 'all'
   */
  readonly probeNodes?: 'all' | number;
  /**
   * A node is not Ready while no target of a probed network answers. A VPN that is down then halts rolling updates, and
   * GitOps tools show the DaemonSet as unhealthy. @default false
   */
  readonly requireReachable?: boolean;
  /**
   * How a changed list reaches the nodes. `live`: all nodes apply it at once, each confirms it for itself. `rolling`: the
   * list is part of the pod template, so Kubernetes replaces the pods by its rolling update, and halts where a pod does not
   * become Ready because its node did not confirm the list. A list takes at most 128 KiB then. @default 'live'
   */
  readonly changes?: 'live' | 'rolling';
  /**
   * How many nodes may try a changed list, or a new agent, at the same time: required with `changes: 'rolling'`, where it
   * takes the place of maxUnavailable. @default none
   */
  readonly canary?: Canary;
  /**
   * About how many nodes the pods run on, for what `npm run plan` says of a rolling update. Above 500, with live changes,
   * each node tries a changed list after a random time up to 30 s, which spares the API server. @default unknown
   */
  readonly nodeCount?: number;

  /**
   * Labels of the nodes to run on, beside `kubernetes.io/os: linux`. Several NodeRoutes on the same nodes leave each
   * other's routes alone. Where two name the same label with different values, no node is in both; one that moves ends
   * with the new one's routes only: the old one's are taken over once its agent has been silent there for 60 s.
   * @default none
   */
  readonly nodeSelector?: Readonly<Record<string, string>>;
  /** @default every taint is tolerated */
  readonly tolerations?: readonly k8s.Toleration[];
  /**
   * Where the agent's program comes from: a ConfigMap beside the DaemonSet, or an image of your own that carries it at
   * /opt/onprem-link/agent.cjs (see Dockerfile). @default 'config-map'
   */
  readonly agent?: 'config-map' | 'image';
  /** An image with Node 26.10 or later, with its tag. @default 'docker.io/library/node:26.10.0-trixie-slim' */
  readonly image?: string;
  /** Pins the image, `sha256:` and 64 hexadecimal digits. @default that of the default image; else the tag decides */
  readonly digest?: string;
  /** @default 'IfNotPresent' */
  readonly imagePullPolicy?: 'Always' | 'IfNotPresent' | 'Never';
  /** Names of Secrets in the namespace. @default none */
  readonly imagePullSecrets?: readonly string[];

  /** TCP port for health and metrics, on the node's own address; 1024 to 65535. @default 9142 */
  readonly port?: number;
  /** How the agent reaches the API server. @default what the kubelet tells every pod, the Service kubernetes */
  readonly apiServer?: ApiServer;
  /**
   * Requests and limits; each of the two is replaced as a whole.
   * @default requests 10m CPU, 64Mi memory, 16Mi ephemeral-storage; limits 1 CPU, 256Mi memory, 64Mi ephemeral-storage
   */
  readonly resources?: { readonly requests?: Quantities; readonly limits?: Quantities };
  /**
   * A critical class brings the ResourceQuota that some clouds want for it outside kube-system.
   * @default 'system-node-critical'
   */
  readonly priorityClassName?: string;
  /** How many nodes may be updated at once: a number from 1, or '1%' to '100%'. @default '10%', or that of canary */
  readonly maxUnavailable?: number | string;
  /** @default 'info' */
  readonly logLevel?: 'debug' | 'info' | 'warn' | 'error';
  /** Run privileged, for hosts whose security module insists on it; otherwise NET_ADMIN is enough. @default false */
  readonly privileged?: boolean;
  /** Emit the SecurityContextConstraints that OpenShift needs, see docs/openshift.md. @default false */
  readonly openShift?: boolean;
  /** Labels of all objects and of the pods; not part of any selector. @default none */
  readonly labels?: Readonly<Record<string, string>>;
  /** Annotations of all objects; not of the pods, which a change would restart. @default none */
  readonly annotations?: Readonly<Record<string, string>>;
}

/** The first nodes that get a change. */
export interface Canary {
  /** A number of nodes from 1, or '1%' to '100%' of them, rounded up. */
  readonly maxUnavailable: number | string;
}

/** Where the API server listens. */
export interface ApiServer {
  /** A host name or an address, an IPv6 one without brackets. */
  readonly host: string;
  /** 1 to 65535. */
  readonly port: number;
}
