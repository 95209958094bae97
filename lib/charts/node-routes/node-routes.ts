import { basename } from 'node:path';
import { Chart } from 'cdk8s';
import {
  Cover,
  Findings,
  formatRouteList,
  formatServerList,
  type Route,
  type RouteRules,
  readRoute,
  readRouteList,
  routeKey,
  type Subnet,
} from '../../network';
import { attemptIn, placeIn, readOptions } from '../input/schema';
import { commonLabels } from '../metadata';
import { AGENT, bundleOf, fileNamesOf } from '../program/bundle';
import { ProgramConfigMap } from '../program/config-map';
import type { OnPremise } from '../site/on-premise';
import { Siblings } from '../site/siblings';
import type { Site } from '../site/site';
import { requireSite } from '../site/user-errors';
import { allowedFor } from './allowed';
import { checkNodeRoutes } from './check';
import { AgentDaemonSet } from './daemon-set';
import { disjointProtocols } from './disjoint-pools';
import { RouteListConfigMap } from './list-config-map';
import { type NodeRoutesSettings, nodeRoutesSchema, readNodeRoutesName } from './options';
import type { NodeRoutesProps } from './props';
import { AgentRights } from './rights';
import { SecurityContextConstraints } from './security-context-constraints';

const nodeRoutes = new Siblings<NodeRoutes>();

/** All of them in a site, in the order of construction. */
export function nodeRoutesOf(site: Site): readonly NodeRoutes[] {
  return nodeRoutes.of(site);
}

/**
 * Static routes on every node: a ConfigMap with the list, and the agent that keeps the kernel's routes in sync with it.
 */
export class NodeRoutes extends Chart {
  /** The location that findings about it report. @internal */
  readonly place: string;
  /** The props with defaults filled in. @internal */
  readonly settings: NodeRoutesSettings;
  /** The routes in addition to the networks' subnets. @internal */
  readonly ownRoutes: readonly Route[];
  /** Notes: worth reporting, but not wrong. @internal */
  readonly notes: readonly string[];
  /** Each is read only once, because the list is requested several times. */
  private readonly plainRoutes = new Map<Subnet, Route>();
  /** One for each file of the program; none if the image contains it. @internal */
  readonly agentConfigMaps: readonly ProgramConfigMap[];

  constructor(
    private readonly site: Site,
    id: string,
    props: NodeRoutesProps = {},
  ) {
    requireSite(site, 'NodeRoutes');
    const place = placeIn(site.place, `node routes ${id}`);
    const settings = readOptions(site.findings, place, props, nodeRoutesSchema(id));
    const { name, namespace, labels, annotations, priorityClassName } = settings;
    super(site, site.claim(id, place, readNodeRoutesName), {
      namespace,
      labels: commonLabels(name, 'route-agent', labels),
    });
    this.place = place;
    this.settings = settings;
    const list = attemptIn(site.findings, place, () => readRouteList(settings.routes, settings));
    this.ownRoutes = list?.routes ?? readableRoutes(settings.routes, settings);
    this.notes = (list?.duplicates ?? []).map((duplicate) => `${placeIn(place, duplicate)}; it is dropped`);

    // Host network and NET_ADMIN exceed the baseline level of the Pod Security Standards.
    const podSecurity = 'privileged';
    site.namespaces.add({ namespace, create: settings.createNamespace, priorityClassName, podSecurity });
    new RouteListConfigMap(this, 'route-list', {
      name: settings.configMapName,
      annotations,
      text: this.text,
      servers: this.servers,
    });
    const { configMapName, onUninstall } = settings;
    const { serviceAccountName } = new AgentRights(this, 'rights', {
      name,
      namespace,
      annotations,
      configMapName,
      onUninstall,
    });
    this.agentConfigMaps = this.addAgent();
    if (settings.openShift) new SecurityContextConstraints(site, site.claim(`${id}-openshift`, place), settings);
    new AgentDaemonSet(this, 'agent', {
      settings,
      serviceAccountName,
      agentConfigMapNames: this.agentConfigMaps.map(({ configMapName }) => configMapName),
      cluster: site.cluster,
      list: this.text,
      siteFacts: () => ({
        allowed: allowedFor(this.routes(), [settings.table, ...settings.copyToTables], settings.allow),
        disjointProtocols: disjointProtocols(
          settings,
          nodeRoutesOf(site).map((pool) => pool.settings),
        ),
        networks: this.networks(),
      }),
    });
    site.routeSources.push(this);
    site.promised.pools.set(`${namespace}/${name}`, () => this.networks().map((network) => network.name));
    nodeRoutes.add(site, this);
    site.addCheck('routes', 'node-routes', (run) => checkNodeRoutes(nodeRoutesOf(site), site, run));
  }

  /** The networks whose subnets are routed. */
  networks(): readonly OnPremise[] {
    return this.settings.networks ?? this.site.networks;
  }

  /** The list that the nodes get: the networks' subnets in order, then the additional routes. */
  routes(): Route[] {
    const own = new Set(this.ownRoutes.map(routeKey));
    const ofNetworks = this.networks()
      .flatMap(({ subnets }) => subnets)
      .map(({ mapping }) => this.routeTo(mapping.mapped));
    return [...ofNetworks.filter((route) => !own.has(routeKey(route))), ...this.ownRoutes];
  }

  private routeTo(subnet: Subnet): Route {
    const route = this.plainRoutes.get(subnet) ?? readRoute(`${subnet}`, this.settings);
    this.plainRoutes.set(subnet, route);
    return route;
  }

  /** The list in the form of the ConfigMap. @internal */
  readonly text = () => formatRouteList(this.routes(), this.settings);

  /** The site's servers behind these routes, which the agents look up; undefined if there are none. */
  private readonly servers = () => {
    const servers = this.site.servers.map(({ mapped }) => mapped);
    const cover = new Cover(this.routes().map(({ subnet }) => subnet));
    const routed = servers.filter((server) => cover.contains(server));
    return routed.length === 0 ? undefined : formatServerList(routed);
  };

  /** In separate files, so that reviewers can read the rights without scrolling past the program. */
  private addAgent(): ProgramConfigMap[] {
    const { agent, name, namespace, annotations } = this.settings;
    if (agent === 'image') return [];
    return fileNamesOf(AGENT).map((file) => {
      const part = basename(file, '.cjs');
      return new ProgramConfigMap(this.site, this.site.claim(`${this.node.id}-${part}`, this.place), {
        name: `${name}-${part}`,
        file,
        namespace,
        annotations,
        labels: this.labels,
        program: this.site.agentBundle ?? bundleOf(AGENT, file),
      });
    });
  }
}

/** The valid routes, even if others are rejected, so that all findings are reported at once. */
function readableRoutes(entries: unknown, rules: RouteRules): Route[] {
  if (!Array.isArray(entries)) return [];
  return entries.flatMap((entry) => new Findings().attempt('', () => readRoute(entry, rules)) ?? []);
}
