import { Lazy } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { fitsClientSideApply } from './apply-limits';
import { mergeAnnotations, NO_SUBSTITUTION, SERVER_SIDE_APPLY, SYNC_OPTIONS } from './metadata';

export interface RouteListConfigMapProps {
  readonly name: string;
  readonly annotations: Readonly<Record<string, string>>;
  /** The list, known when the site is complete. */
  readonly text: () => string;
}

/** The route list that people review and the agents watch; not immutable, since a change is what it is for. */
export class RouteListConfigMap extends Construct {
  constructor(scope: Construct, id: string, { name, annotations, text }: RouteListConfigMapProps) {
    super(scope, id);
    const known = mergeAnnotations(NO_SUBSTITUTION, annotations); // the list holds comments, which are free text
    const withLong = mergeAnnotations(known, SERVER_SIDE_APPLY);
    const syncOptions = () => (fitsClientSideApply(text()) ? known : withLong)[SYNC_OPTIONS];
    new k8s.KubeConfigMap(this, 'config-map', {
      metadata: { name, annotations: { ...known, [SYNC_OPTIONS]: Lazy.any({ produce: syncOptions }) } },
      data: { routes: Lazy.any({ produce: text }) },
    });
  }
}
