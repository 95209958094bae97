/** The plan, as `npm run plan -- --json` prints it. */
import type { AddressCount } from '../addresses';
import type { Risk } from './risk';

export interface Plan {
  /** What the plan compares with, for people to read. */
  readonly against: string;
  /** Set if files in the working tree differ from the output of main.ts. */
  readonly stale?: { readonly files: readonly string[]; readonly remedy: string };
  /** Addresses that two sites both use, one sentence each. */
  readonly overlaps?: readonly string[];
  /** Whether any byte of the output differs. */
  readonly isChanged: boolean;
  readonly unchangedSites: readonly string[];
  readonly sites: readonly SitePlan[];
  readonly routers: readonly RouterChange[];
  /** Files of the output that belong neither to a cluster nor to a router. */
  readonly otherFiles: readonly FileChange[];
}

export interface SitePlan {
  readonly name: string;
  /** The previous name, if it was renamed. */
  readonly formerName?: string;
  readonly kind: Kind;
  readonly risks: readonly Risk[];
  readonly rights: readonly RightsChange[];
  readonly pools: readonly PoolPlan[];
  readonly services: readonly ServicePlan[];
  readonly objects: readonly ObjectChange[];
}

export type Kind = 'added' | 'removed' | 'changed' | 'unchanged';

/** A right that a subject gains or loses. */
export interface RightsChange {
  readonly kind: 'gained' | 'lost';
  readonly who: string;
  readonly what: string;
}

/** The nodes of one NodeRoutes. */
export interface PoolPlan {
  readonly name: string;
  readonly formerName?: string;
  readonly kind: Kind;
  /** The nodes, described for people. */
  readonly nodes: string;
  readonly routes: RouteChanges;
  readonly program?: ProgramChange;
  readonly image?: { readonly before: string; readonly after: string };
  /** Settings of the agent. */
  readonly settings: readonly SettingChange[];
  readonly restart: Restart;
}

export interface RouteChanges {
  readonly total: number;
  readonly added: readonly RouteLine[];
  readonly removed: readonly RouteLine[];
  /** The same destination with a different path. */
  readonly moved: readonly RouteLine[];
  /** The same destination and path with a different table, metric, source or MTU. */
  readonly adjusted: readonly RouteLine[];
  readonly addresses: Readonly<Record<'added' | 'removed' | 'moved' | 'adjusted', AddressCount>>;
}

export interface RouteLine {
  readonly subnet: string;
  readonly before?: string;
  readonly after?: string;
  readonly comment?: string;
}

/**
 * The agent's program. Sizes are in bytes, of all its files; name and path are those of the ConfigMap with the file that
 * is started. A side is missing if its program is part of the image.
 */
export interface ProgramChange {
  readonly before?: { readonly name: string; readonly size: number };
  readonly after?: {
    readonly name: string;
    readonly size: number;
    readonly path: string;
    /** The ConfigMaps with the other files. */
    readonly more: readonly { readonly name: string; readonly path: string }[];
  };
  readonly linesAdded: number;
  readonly linesRemoved: number;
}

export interface SettingChange {
  readonly name: string;
  readonly before?: string;
  readonly after?: string;
}

export interface Restart {
  readonly restarts: boolean;
  readonly text: string;
}

export interface ServicePlan {
  readonly name: string;
  readonly formerName?: string;
  readonly kind: Kind;
  readonly ports: { readonly before?: string; readonly after?: string };
  /** The number of its servers after the change. */
  readonly total: number;
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** How its endpoints were written before and after, if that changes, and the commands that delete the leftovers. */
  readonly rewritten?: { readonly before: string; readonly after: string; readonly cleanUp: readonly string[] };
  /**
   * How its servers are probed before and after, if that changes. `isGap`: one writer of its EndpointSlices deletes
   * them before the other has written its own. `leavesGit`: from now on, only the server health program writes them.
   */
  readonly health?: {
    readonly before?: string;
    readonly after?: string;
    readonly isGap: boolean;
    readonly leavesGit: boolean;
  };
  /** The same server at another address. */
  readonly readdressed: readonly { readonly server: string; readonly before: string; readonly after: string }[];
}

/** A change that no other part of the plan covers. */
export interface ObjectChange {
  readonly kind: Kind;
  readonly name: string;
  readonly formerName?: string;
  readonly fields: readonly SettingChange[];
}

/** The changed files of one router. */
/** One end of a tunnel. */
export interface RouterChange {
  /** The folder of its files: `routers/example/cluster-to-datacentre`. */
  readonly router: string;
  readonly files: readonly FileChange[];
  /** Names of the files that take the router from one revision to the other; see routerChangesOf. */
  readonly changes: readonly string[];
}

export interface FileChange {
  readonly path: string;
  readonly formerPath?: string;
  readonly kind: Kind;
  readonly linesAdded: number;
  readonly linesRemoved: number;
}
