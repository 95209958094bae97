import { Chart } from 'cdk8s';
import { Application } from '../../../imports/application-argoproj.io';
import { refuse } from '../../network';
import { dnsLabel, dnsSubdomain } from '../input/names';
import { oneOf, placeIn, readBoolean, readOptions, type Schema } from '../input/schema';
import { commonLabels } from '../metadata';
import type { Site } from '../site/site';
import { requireSite } from '../site/user-errors';
import { addressOf, type OnDelete, readFolder, readRevision } from './options';

export interface ArgoCdBootstrapProps {
  /** URL of the Git repository that holds dist/, as Argo CD reaches it. */
  readonly repository: string;
  /** Branch, tag or commit. @default 'main' */
  readonly revision?: string;
  /** Folder of the manifests in the source. @default 'dist/<site>' */
  readonly path?: string;
  /** Name of the Application. @default 'onprem-link-<site>' */
  readonly name?: string;
  /** Namespace of Argo CD. @default 'argocd' */
  readonly namespace?: string;
  /** Its AppProject. @default 'default' */
  readonly project?: string;
  /** The destination cluster, by its name or address in Argo CD. @default the cluster that Argo CD runs in */
  readonly cluster?: string;
  /**
   * Whether a retry uses a commit that arrived in the meantime. Needs Argo CD 3.2; Argo CD 3.0 and 3.1 reject an
   * Application with this field. @default false: a new commit waits until the retries of the previous one have ended
   */
  readonly refreshOnRetry?: boolean;
  /**
   * What deleting the Application does to routes and Services. In either case, removing a file from Git removes what it
   * created. @default 'keep', because deleting it by mistake would cut the nodes off
   */
  readonly onDelete?: OnDelete;
}

interface Settings extends Required<ArgoCdBootstrapProps> {}

const OWN_CLUSTER = 'https://kubernetes.default.svc';

/** The name becomes a label value. */
const readName = dnsLabel('an Application');

function argoCdSchema(site: string): Schema<Settings> {
  const example = 'https://git.example.com/network/onprem.git';
  return {
    repository: { fallback: '', required: true, read: addressOf(example, 'https', 'http', 'ssh', 'scp') },
    revision: { fallback: 'main', read: readRevision },
    path: { fallback: `dist/${site}`, read: readFolder },
    name: { fallback: `onprem-link-${site}`, read: readName },
    namespace: { fallback: 'argocd', read: dnsLabel('a namespace') },
    project: { fallback: 'default', read: dnsSubdomain('a project') },
    cluster: { fallback: OWN_CLUSTER, read: readCluster },
    refreshOnRetry: { fallback: false, read: readBoolean },
    onDelete: { fallback: 'keep', read: oneOf('keep', 'remove') },
  };
}

/** Writes one Application to bootstrap/<site>/; apply it once. It keeps the cluster in sync with dist/<site>/. */
export class ArgoCdBootstrap extends Chart {
  constructor(site: Site, id: string, props: ArgoCdBootstrapProps) {
    requireSite(site, 'ArgoCdBootstrap');
    const place = placeIn(site.place, `Argo CD bootstrap ${id}`);
    const settings = readOptions(site.findings, place, props, argoCdSchema(site.name));
    const { name, namespace } = settings;
    if (props?.name === undefined) site.findings.attempt(placeIn(place, 'name'), () => readName(name));
    super(site.bootstrap(), site.claim(id, place), { labels: commonLabels(name, 'bootstrap') });
    new Application(this, 'application', {
      metadata: {
        name,
        namespace,
        ...(settings.onDelete === 'remove' && { finalizers: ['resources-finalizer.argocd.argoproj.io'] }),
      },
      spec: {
        project: settings.project,
        source: { repoUrl: settings.repository, targetRevision: settings.revision, path: settings.path },
        destination: settings.cluster.includes('://') ? { server: settings.cluster } : { name: settings.cluster },
        syncPolicy: {
          automated: { prune: true, selfHeal: true },
          // Retries for about half an hour, e.g. until a Service's namespace exists.
          retry: {
            limit: 10,
            backoff: { duration: '10s', factor: 2, maxDuration: '5m' },
            ...(settings.refreshOnRetry && { refresh: true }),
          },
        },
        // No sync options: objects that need one (e.g. ServerSideApply) have it as an annotation.
      },
    });
  }
}

function readCluster(value: unknown): string {
  if (typeof value === 'string' && /^(?:https:\/\/\S+|[A-Za-z0-9][-\w.]*)$/.test(value)) return value;
  throw refuse(value, 'is not a valid cluster of Argo CD', `write its name or its address, e.g. "${OWN_CLUSTER}"`);
}
