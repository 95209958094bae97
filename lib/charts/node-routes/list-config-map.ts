import { Lazy } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { mergeAnnotations, NO_SUBSTITUTION, SERVER_SIDE_APPLY, SYNC_OPTIONS } from '../metadata';
import { fitsClientSideApply } from '../program/apply-limits';

interface RouteListConfigMapProps {
  readonly name: string;
  readonly annotations: Readonly<Record<string, string>>;
  /** The list; known once the site is complete. */
  readonly text: () => string;
  /** The servers that its routes must reach; undefined if there are none. Also known once the site is complete. */
  readonly servers: () => string | undefined;
}

/** The route list that people review and agents watch. Not immutable, because it exists to be changed. */
export class RouteListConfigMap extends Construct {
  constructor(scope: Construct, id: string, { name, annotations, text, servers }: RouteListConfigMapProps) {
    super(scope, id);
    const known = mergeAnnotations(NO_SUBSTITUTION, annotations); // the list's comments are free text
    const withLong = mergeAnnotations(known, SERVER_SIDE_APPLY);
    const syncOptions = () => (fitsClientSideApply(text() + (servers() ?? '')) ? known : withLong)[SYNC_OPTIONS];
    new k8s.KubeConfigMap(this, 'config-map', {
      metadata: { name, annotations: { ...known, [SYNC_OPTIONS]: Lazy.any({ produce: syncOptions }) } },
      // A separate key: tools for the original format read only `routes`, and a new server restarts nothing.
      data: { routes: Lazy.any({ produce: text }), servers: Lazy.any({ produce: servers }) },
    });
  }
}
