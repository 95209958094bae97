/**
 * The managed-by value of our EndpointSlices (instead of a controller's name), and the part-of label of all objects.
 */
export const PROJECT = 'onprem-link';

export const SYNC_OPTIONS = 'argocd.argoproj.io/sync-options';

/** Annotations that the GitOps tools read. */
export const SERVER_SIDE_APPLY = { [SYNC_OPTIONS]: 'ServerSideApply=true' };
/** Otherwise, one object whose CRD is missing in the cluster would fail the whole sync. */
export const SKIP_WHERE_UNKNOWN = { [SYNC_OPTIONS]: 'SkipDryRunOnMissingResource=true' };
export const NEVER_DELETE = {
  [SYNC_OPTIONS]: 'Prune=false,Delete=false',
  'kustomize.toolkit.fluxcd.io/prune': 'disabled',
};
/** The object stays in the cluster when it is removed from Git. */
export const KEPT_WHEN_PRUNED = {
  [SYNC_OPTIONS]: 'Prune=false',
  'kustomize.toolkit.fluxcd.io/prune': 'disabled',
};
/** Without it, Flux would replace `${NAME}` in the data. */
export const NO_SUBSTITUTION = { 'kustomize.toolkit.fluxcd.io/substitute': 'disabled' };

/** The label that says which component of the site an object belongs to. */
export const COMPONENT = 'app.kubernetes.io/component';
/** The components that nodes need for their routes. Other components may fail without affecting them. */
export const ROUTING_COMPONENTS = ['namespace', 'quota', 'route-agent'] as const;

/** Monitoring. A cluster without the Prometheus operator does not have its kinds. */
export const MONITORING_COMPONENT = 'monitoring';

type Pairs = Readonly<Record<string, string>>;

/** No app.kubernetes.io/instance: Argo CD may track by that label. */
export function commonLabels(name: string, component: string, more: Pairs = {}): Record<string, string> {
  return {
    ...more,
    'app.kubernetes.io/name': name,
    [COMPONENT]: component,
    'app.kubernetes.io/part-of': PROJECT,
    'app.kubernetes.io/managed-by': 'cdk8s',
  };
}

/** Merges annotations; Argo CD's sync options become one comma-separated list under one key. */
export function mergeAnnotations(...parts: readonly Pairs[]): Record<string, string> {
  const merged: Record<string, string> = Object.assign({}, ...parts);
  const options = parts.flatMap((part) => part[SYNC_OPTIONS]?.split(',') ?? []);
  if (options.length > 0) merged[SYNC_OPTIONS] = [...new Set(options)].join(',');
  return merged;
}
