import { Chart } from 'cdk8s';
import {
  Kustomization,
  KustomizationSpecDeletionPolicy,
} from '../../../imports/kustomization-kustomize.toolkit.fluxcd.io';
import { refuse } from '../../network';
import { dnsLabel } from '../input/names';
import { oneOf, placeIn, readOptions, type Schema } from '../input/schema';
import { COMPONENT, commonLabels, ROUTING_COMPONENTS } from '../metadata';
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

/**
 * A source and two Kustomizations that keep the cluster as dist/<site>/ says, in bootstrap/<site>/, to be applied once.
 * Flux applies all objects of a Kustomization or none, so what the nodes need has one of its own: no missing namespace
 * of a service stops a route. Both read the same folder, which stays one for Argo CD, and leave out the other's part.
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
    for (const [part, others] of [
      ['routes', 'notin'],
      ['services', 'in'],
    ] as const) {
      const labelSelector = `${COMPONENT} ${others} (${ROUTING_COMPONENTS.join(',')})`;
      new Kustomization(this, part, {
        metadata: { name: `${name}-${part}`, namespace },
        spec: {
          sourceRef,
          path: `./${path}`,
          patches: [{ target: { labelSelector }, patch: LEAVE_OUT }],
          interval,
          retryInterval: '1m',
          timeout,
          wait: true, // Ready is when the nodes are
          prune: true,
          ...(onDelete === 'keep' && { deletionPolicy: KustomizationSpecDeletionPolicy.ORPHAN }),
        },
      });
    }
  }
}

/** As Flux's own schemas have it. */
function readDuration(value: unknown): string {
  if (typeof value === 'string' && /^(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$/.test(value)) return value;
  throw refuse(value, 'is no duration', 'write e.g. "90s", "10m" or "1h30m"');
}
