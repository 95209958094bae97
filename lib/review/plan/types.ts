/** What a plan says, as `npm run plan -- --json` prints it. */
import type { AddressCount } from '../addresses';

export interface Plan {
  /** What the working dist is compared with, for people. */
  readonly against: string;
  /** What is in the working tree and not what main.ts makes, if anything. */
  readonly stale?: { readonly files: readonly string[]; readonly remedy: string };
  /** Addresses that two sites both use; a sentence each. */
  readonly overlaps?: readonly string[];
  /** Whether any byte of the output differs. */
  readonly isChanged: boolean;
  readonly unchangedSites: readonly string[];
  readonly sites: readonly SitePlan[];
  readonly routers: readonly RouterChange[];
  /** Files of the output that are neither a cluster's nor a router's. */
  readonly otherFiles: readonly FileChange[];
}

export interface SitePlan {
  readonly name: string;
  /** Its name before, where it has another one now. */
  readonly formerName?: string;
  readonly kind: Kind;
  readonly risks: readonly Risk[];
  readonly rights: readonly RightsChange[];
  readonly pools: readonly PoolPlan[];
  readonly services: readonly ServicePlan[];
  readonly objects: readonly ObjectChange[];
}

export type Kind = 'added' | 'removed' | 'changed' | 'unchanged';

export interface Risk {
  readonly level: 'danger' | 'warning';
  readonly text: string;
}

/** What somebody may do that they might not before, or the other way round. */
export interface RightsChange {
  readonly kind: 'gained' | 'lost';
  readonly who: string;
  readonly what: string;
}

/** The nodes that one NodeRoutes is for. */
export interface PoolPlan {
  readonly name: string;
  readonly formerName?: string;
  readonly kind: Kind;
  /** Which nodes, for people. */
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
  /** The same destination by another way. */
  readonly moved: readonly RouteLine[];
  /** The same destination and way, with another table, metric, source or MTU. */
  readonly adjusted: readonly RouteLine[];
  readonly addresses: Readonly<Record<'added' | 'removed' | 'moved' | 'adjusted', AddressCount>>;
}

export interface RouteLine {
  readonly subnet: string;
  readonly before?: string;
  readonly after?: string;
  readonly comment?: string;
}

/** The agent's program. Sizes are in bytes; a side without one has its program in the image. */
export interface ProgramChange {
  readonly before?: { readonly name: string; readonly size: number };
  readonly after?: { readonly name: string; readonly size: number; readonly path: string };
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
  /** How many servers it has afterwards. */
  readonly total: number;
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** How its endpoints were written before and after, where that differs, and the commands that delete what stays. */
  readonly rewritten?: { readonly before: string; readonly after: string; readonly cleanUp: readonly string[] };
  /**
   * How its servers are probed before and after, where that differs. `isGap`: one writer of its EndpointSlices deletes them
   * before the other has written. `leavesGit`: from now on the server health program alone writes them.
   */
  readonly health?: {
    readonly before?: string;
    readonly after?: string;
    readonly isGap: boolean;
    readonly leavesGit: boolean;
  };
  /** The same server under another address. */
  readonly readdressed: readonly { readonly server: string; readonly before: string; readonly after: string }[];
}

/** What no other part of the plan tells. */
export interface ObjectChange {
  readonly kind: Kind;
  readonly name: string;
  readonly formerName?: string;
  readonly fields: readonly SettingChange[];
}

/** The files of one router. */
/** One end of a tunnel. */
export interface RouterChange {
  /** Its folder: `routers/example/cluster-to-datacentre`. */
  readonly router: string;
  readonly files: readonly FileChange[];
  /** Names of the files that take its router from one revision to the other; see routerChangesOf. */
  readonly changes: readonly string[];
}

export interface FileChange {
  readonly path: string;
  readonly formerPath?: string;
  readonly kind: Kind;
  readonly linesAdded: number;
  readonly linesRemoved: number;
}
