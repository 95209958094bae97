import type { Route, Subnet } from '../../network';
import type { Source } from '../../routers/read/model';
import type { Placed } from '../plan/manifest';
import { LIST_ANNOTATION, type Pool } from '../plan/pool';
import { sourceIn } from './source';

/** The nodes of one DaemonSet, with the routes that they get. */
export class NodePool {
  readonly name: string;
  readonly routes: readonly Route[];
  /** Why the list was rejected. */
  readonly refusal: string | undefined;

  constructor(private readonly pool: Pool) {
    this.name = `${pool.namespace}/${pool.name}`;
    this.routes = pool.routes;
    this.refusal = pool.refusal;
  }

  /** The line of the route to exactly this subnet; without such a route, the line where the list begins. */
  sourceOf(subnet: Subnet): Source {
    const { placed, key } = this.list();
    return sourceIn(placed, this.routes.some((one) => one.subnet.equals(subnet)) ? `${subnet}` : key);
  }

  private list(): { placed: Placed; key: string } {
    const { daemonSet, isRolling, list } = this.pool;
    return isRolling || list === undefined
      ? { placed: daemonSet, key: LIST_ANNOTATION }
      : { placed: list, key: 'routes' };
  }
}
