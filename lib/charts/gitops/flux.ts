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
  /** Where dist/ comes from: a Git repository, an OCI artifact, or a source that Flux has already. */
  readonly source: FluxSource;
  /** Folder of the manifests in it. @default 'dist/<site>'; the root of an artifact */
  readonly path?: string;
  /** What the names of all objects begin with: 1 to 54 of `a-z0-9-`. @default 'onprem-link-<site>' */
  readonly name?: string;
  /** Namespace of Flux. @default 'flux-system' */
  readonly namespace?: string;
  /** After which drift is repaired; something new in the source is applied at once. @default '10m' */
  readonly interval?: string;
  /** How long all nodes may take until they are Ready; then it is told as a failure and tried again. @default '10m' */
  readonly timeout?: string;
  /**
   * What deleting the Kustomizations does to routes and services. Taking a file out of Git removes what it made in
   * either case. @default 'keep', because one deleted by mistake would cut the nodes off
   */
  readonly onDelete?: OnDelete;
}

interface Settings extends Required<Omit<FluxBootstrapProps, 'source' | 'path'>> {
  readonly source: FluxSourceSettings;
  readonly path: string | undefined;
}

/** It becomes the value of labels. */
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

/** Kustomize leaves out what a patch of this text is aimed at; kind and name must be there and mean nothing. */
const LEAVE_OUT = '$patch: delete\napiVersion: v1\nkind: any\nmetadata:\n  name: any\n';

const ROUTING = ROUTING_COMPONENTS.join(',');
/** What each Kustomization leaves out, by component. */
const LEFT_OUT = {
  routes: `notin (${ROUTING})`,
  services: `in (${ROUTING},${MONITORING_COMPONENT})`,
  monitoring: `notin (${MONITORING_COMPONENT})`,
} as const;

/**
 * A source and Kustomizations that keep the cluster as dist/<site>/ says, in bootstrap/<site>/, to be applied once. Flux
 * applies all objects of a Kustomization or none, so routes, services and monitoring have one each: neither a missing
 * namespace of a service nor a missing Prometheus operator stops a route. All read the same folder, which stays one for
 * Argo CD, and leave out the others' parts.
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
          wait: true, // Ready is when the nodes are
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

/** Whether a chart of the site watches the rest; known when the site is complete. */
function isMonitored(site: Site): boolean {
  return site.charts.some(({ labels }) => labels[COMPONENT] === MONITORING_COMPONENT);
}

/** As Flux's own schemas have it. */
function readDuration(value: unknown): string {
  if (typeof value === 'string' && /^(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$/.test(value)) return value;
  throw refuse(value, 'is not a duration', 'write e.g. "90s", "10m" or "1h30m"');
}
