import { Chart } from 'cdk8s';
import {
  Kustomization,
  KustomizationSpecDeletionPolicy,
} from '../../../imports/kustomization-kustomize.toolkit.fluxcd.io';
import { refuse } from '../../network';
import { dnsLabel } from '../input/names';
import { oneOf, placeIn, readOptions, type Schema } from '../input/schema';
import { COMPONENT, commonLabels, MONITORING_COMPONENT, ROUTING_COMPONENTS } from '../metadata';
import type { Site } from '../site/site';
import { requireSite } from '../site/user-errors';
import { addFluxSource, type FluxSource, type FluxSourceSettings, readFluxSource } from './flux-source';
import { type OnDelete, readFolder } from './options';

export interface FluxBootstrapProps {
  /** Where dist/ comes from: a Git repository, an OCI artifact, or an existing Flux source. */
  readonly source: FluxSource;
  /** Folder of the manifests in the source. @default 'dist/<site>'; the root of an artifact */
  readonly path?: string;
  /** Prefix of the names of all objects: 1 to 54 of `a-z0-9-`. @default 'onprem-link-<site>' */
  readonly name?: string;
  /** Namespace of Flux. @default 'flux-system' */
  readonly namespace?: string;
  /** Interval at which Flux repairs drift. It notices a new commit or artifact within a minute. @default '10m' */
  readonly interval?: string;
  /** How long Flux waits for all nodes to be Ready. After that, it reports a failure and retries. @default '10m' */
  readonly timeout?: string;
  /**
   * What deleting the Kustomizations does to routes and Services. In either case, removing a file from Git removes what
   * it created. @default 'keep', because deleting one by mistake would cut the nodes off
   */
  readonly onDelete?: OnDelete;
}

interface Settings extends Required<Omit<FluxBootstrapProps, 'source' | 'path'>> {
  readonly source: FluxSourceSettings;
  readonly path: string | undefined;
}

/** The name becomes a label value. */
const readName = dnsLabel('Kustomizations', 54);

function fluxSchema(site: string): Schema<Settings> {
  return {
    source: { fallback: { known: 'flux-system', kind: 'GitRepository' }, required: true, read: readFluxSource },
    path: { fallback: undefined, read: readFolder },
    name: { fallback: `onprem-link-${site}`, read: readName },
    namespace: { fallback: 'flux-system', read: dnsLabel('a namespace') },
    interval: { fallback: '10m', read: readDuration },
    timeout: { fallback: '10m', read: readDuration },
    onDelete: { fallback: 'keep', read: oneOf('keep', 'remove') },
  };
}

/** A patch with this text makes Kustomize drop its targets. Kind and name are required but have no meaning. */
const LEAVE_OUT = '$patch: delete\napiVersion: v1\nkind: any\nmetadata:\n  name: any\n';

const ROUTING = ROUTING_COMPONENTS.join(',');
/** The components that each Kustomization leaves out. */
const LEFT_OUT = {
  routes: `notin (${ROUTING})`,
  services: `in (${ROUTING},${MONITORING_COMPONENT})`,
  monitoring: `notin (${MONITORING_COMPONENT})`,
} as const;

/**
 * Writes a source and Kustomizations to bootstrap/<site>/; apply them once. They keep the cluster in sync with
 * dist/<site>/. Flux applies all objects of a Kustomization or none, so routes, services and monitoring each have their
 * own: neither a missing namespace of a service nor a missing Prometheus operator blocks a route. All of them read the
 * same folder, which Argo CD needs in one piece, and leave out each other's components.
 */
export class FluxBootstrap extends Chart {
  constructor(site: Site, id: string, props: FluxBootstrapProps) {
    requireSite(site, 'FluxBootstrap');
    const place = placeIn(site.place, `Flux bootstrap ${id}`);
    const settings = readOptions(site.findings, place, props, fluxSchema(site.name));
    const { name, namespace, source, interval, timeout, onDelete } = settings;
    if (props?.name === undefined) site.findings.attempt(placeIn(place, 'name'), () => readName(name));
    super(site.bootstrap(), site.claim(id, place), { labels: commonLabels(name, 'bootstrap') });
    const sourceRef = addFluxSource(this, source, name, namespace);
    const path = settings.path ?? ('oci' in source ? '' : `dist/${site.name}`);
    const add = (part: keyof typeof LEFT_OUT) =>
      new Kustomization(this, part, {
        metadata: { name: `${name}-${part}`, namespace },
        spec: {
          sourceRef,
          path: `./${path}`,
          patches: [{ target: { labelSelector: `${COMPONENT} ${LEFT_OUT[part]}` }, patch: LEAVE_OUT }],
          interval,
          retryInterval: '1m',
          timeout,
          wait: true, // Ready once the nodes are
          prune: true,
          ...(onDelete === 'keep' && { deletionPolicy: KustomizationSpecDeletionPolicy.ORPHAN }),
        },
      });
    add('routes');
    add('services');
    site.onSynth(() => {
      if (this.node.tryFindChild('monitoring') === undefined && isMonitored(site)) add('monitoring');
    });
  }
}

/** Whether the site has a monitoring chart; known once the site is complete. */
function isMonitored(site: Site): boolean {
  return site.charts.some(({ labels }) => labels[COMPONENT] === MONITORING_COMPONENT);
}

/** The pattern in Flux's own CRD schemas. */
function readDuration(value: unknown): string {
  if (typeof value === 'string' && /^(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$/.test(value)) return value;
  throw refuse(value, 'is not a duration', 'write e.g. "90s", "10m" or "1h30m"');
}
