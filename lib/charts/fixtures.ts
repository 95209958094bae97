/** Sites for tests, with a stub in the agent's place so that no snapshot changes with the agent. */
import { type Chart, Testing, Yaml } from 'cdk8s';
import type { k8s } from 'cdk8s-plus-28';
import type { SubnetSpec } from '../network';
import { ExternalService, type ExternalServiceProps } from './external-service/external-service';
import { NodeRoutes } from './node-routes/node-routes';
import type { NodeRoutesProps } from './node-routes/props';
import type { ClusterProps } from './site/cluster';
import { Site } from './site/site';

export const STUB_AGENT = '// The agent.\nconsole.log("stub");\n';

export const CLUSTER: ClusterProps = {
  nodes: ['10.184.0.0/26'],
  pods: ['172.30.0.0/16'],
  services: ['172.21.0.0/16'],
};

export const DUAL_STACK: ClusterProps = {
  nodes: ['10.184.0.0/26', 'fd10::/64'],
  pods: ['172.30.0.0/16', 'fd20::/56'],
  services: ['172.21.0.0/16', 'fd30::/112'],
};

export function siteWith(cluster: ClusterProps = CLUSTER, name = 'example'): Site {
  return new Site(name, { cluster, agentBundle: STUB_AGENT });
}

/** A site with one network, `datacentre`, of these subnets. */
export function siteWithNetwork(subnets: readonly SubnetSpec[] = ['192.168.0.0/24'], cluster?: ClusterProps) {
  const site = siteWith(cluster);
  return { site, network: site.onPremise('datacentre', { subnets }) };
}

/** What the site says is wrong with it, a line each. */
export function findingsOf(site: Site): string[] {
  return site.node.validate();
}

export type Manifest = Record<string, unknown> & { kind: string; metadata: k8s.ObjectMeta };

export function manifestsOf(chart: Chart): Manifest[] {
  return Testing.synth(chart);
}

/** As it stands in dist/. */
export function yamlOf(chart: Chart): string {
  return Yaml.stringify(...manifestsOf(chart));
}

/** Every option of NodeRoutes, none with its default. */
export const EVERY_NODE_ROUTES_OPTION: Required<Omit<NodeRoutesProps, 'networks'>> = {
  name: 'edge-routes',
  namespace: 'network',
  createNamespace: false,
  routes: [
    {
      subnet: '192.168.4.0/24',
      nextHops: ['10.184.0.1', '10.184.0.2'],
      mtu: 1400,
      // biome-ignore lint/suspicious/noTemplateCurlyInString: what Flux would replace
      comment: 'two routers: ${one} and the other',
    },
    { subnet: 'fd40::/48', nextHop: 'fe80::1', interface: 'eth1', table: 100, metric: 50, source: 'fd10::5' },
    '0.0.0.0/0',
  ],
  copyToTables: [2, 1000],
  requirePods: true,
  allowDefaultRoute: true,
  allow: {
    tables: [200],
    nextHops: ['10.184.0.0/26', 'fd10::9'],
    interfaces: ['eth2'],
    destinations: ['0.0.0.0/0', 'fd00::/8'],
  },
  configMapName: 'edge.routes',
  privateNetworks: ['10.0.0.0/8', 'fd00::/8'],
  requirePrivateNetwork: true,
  protocol: 143,
  formerProtocols: [140, 141],
  adoptLegacyRoutes: true,
  table: 200,
  metric: 20,
  onUninstall: 'keep',
  otherwise: 'unreachable',
  confirm: ['10.184.0.10:443', '[fd00:184::a]:8443'],
  changes: 'rolling',
  canary: { maxUnavailable: 2 },
  nodeCount: 60,
  nodeSelector: { 'node-role.kubernetes.io/edge': '' },
  tolerations: [
    { key: 'edge', operator: 'Equal', value: 'yes', effect: 'NoExecute', tolerationSeconds: 60 },
    { operator: 'Exists', effect: 'NoSchedule' },
  ],
  agent: 'image',
  image: 'registry.example.com/route-agent:1.2.3',
  digest: `sha256:${'ab'.repeat(32)}`,
  imagePullPolicy: 'Always',
  imagePullSecrets: ['registry'],
  port: 9143,
  apiServer: { host: 'fd50::10', port: 6443 },
  resources: { requests: { cpu: '20m' }, limits: { cpu: '500m', memory: '256Mi' } },
  priorityClassName: 'system-cluster-critical',
  maxUnavailable: 2,
  logLevel: 'debug',
  privileged: true,
  openShift: true,
  labels: { team: 'network' },
  annotations: { 'example.com/owner': 'network team', 'argocd.argoproj.io/sync-options': 'Validate=false' },
};

/** Every option of ExternalService but its servers. */
export const EVERY_EXTERNAL_SERVICE_OPTION: Required<Omit<ExternalServiceProps, 'servers'>> = {
  name: 'directory',
  namespace: 'apps',
  ports: {
    ldap: 389,
    ldaps: { port: 636, serverPort: 1636, appProtocol: 'example.com/ldaps' },
    kerberos: { port: 88, protocol: 'UDP' },
    diameter: { port: 3868, protocol: 'SCTP' },
  },
  headless: false,
  sessionAffinity: { timeoutSeconds: 600 },
  legacyEndpoints: false,
  allowKubeNamespace: false,
  labels: { team: 'identity' },
  annotations: { 'example.com/owner': 'identity team' },
};

/** A site in which every option is used and both families, both kinds of endpoints and several of everything occur. */
export function everyOptionSite(): Site {
  const site = siteWith(DUAL_STACK, 'every-option');
  const office = site.onPremise('office', { subnets: ['192.168.0.0/22', 'fd99::/64'] });
  const plant = site.onPremise('plant', { subnets: [{ real: '10.0.1.0/24', mapped: '192.168.8.0/24' }] });
  const table = { ...EVERY_NODE_ROUTES_OPTION, networks: [office] };
  new NodeRoutes(site, 'edge', table);
  new NodeRoutes(site, 'inner', { privateNetworks: ['10.0.0.0/8', 'fd00::/8'] });
  const servers = [...office.servers('192.168.1.10', 'fd99::10'), ...plant.servers('10.0.1.5')];
  new ExternalService(site, 'both-families', { ...EVERY_EXTERNAL_SERVICE_OPTION, servers });
  new ExternalService(site, 'headless', { namespace: 'apps', servers, ports: { http: 80 }, headless: true });
  new ExternalService(site, 'legacy', { namespace: 'apps', servers, ports: { http: 80 }, legacyEndpoints: true });
  return site;
}
