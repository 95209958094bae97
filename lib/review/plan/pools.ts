import { changedFields, settingChange } from './fields';
import { countLines, kindOf } from './lines';
import { paceText } from './pace';
import { overlapOf, type Pair, pairUp } from './pairs';
import { isUninstalledBy, nodesOf, type Pool, podTemplateOf } from './pool';
import { compareRoutes } from './routes';
import type { PoolPlan, ProgramChange, Restart, SettingChange } from './types';

/**
 * Compares the pools of two sites. A pool with a new name but the same routes, or the same list, is the same pool
 * renamed.
 */
export function pairPools(before: readonly Pool[], after: readonly Pool[]): Pair<Pool>[] {
  const byName = (pools: readonly Pool[]) => new Map(pools.map((pool) => [`${pool.name} ${pool.namespace}`, pool]));
  return pairUp(byName(before), byName(after), (old, now) => {
    if (old.name === now.name) return 1;
    if (old.routes.length === 0 && now.routes.length === 0)
      return old.settings.CONFIG_MAP === now.settings.CONFIG_MAP ? 1 : 0;
    return overlapOf(subnetsOf(old), subnetsOf(now));
  });
}

export function comparePools({ before, after }: Pair<Pool>): PoolPlan {
  const pool = (after ?? before) as Pool;
  // A rejected list changes nothing: the last valid list stays in force.
  const routes = compareRoutes(
    before,
    after?.refusal === undefined ? after : { ...after, routes: before?.routes ?? [] },
  );
  const program = compareProgram(before, after);
  const image =
    before && after && before.image !== after.image ? { before: before.image, after: after.image } : undefined;
  const settings = before && after ? compareSettings(before, after) : [];
  const restart = restartOf(before, after);
  const isChanged =
    restart.restarts ||
    before?.name !== after?.name ||
    [routes.added, routes.removed, routes.moved, routes.adjusted, settings].some(({ length }) => length > 0);
  return {
    name: pool.name,
    ...(before && after && formerName(before, after)),
    kind: before && after && !isChanged ? 'unchanged' : kindOf(before, after),
    nodes: nodesOf(pool),
    routes,
    ...(program && { program }),
    ...(image && { image }),
    settings,
    restart,
  };
}

/** Whether pods are replaced. A DaemonSet's pods are replaced if, and only if, its pod template changes. */
function restartOf(before: Pool | undefined, after: Pool | undefined): Restart {
  if (before === undefined) return { restarts: true, text: `a pod starts on ${nodesOf(after as Pool)}` };
  if (after === undefined)
    return { restarts: true, text: `the pods on ${nodesOf(before)} stop; ${onUninstall(before)}` };
  if (before.name !== after.name || before.namespace !== after.namespace)
    return {
      restarts: true,
      text: `all pods stop${isUninstalledBy(before, after) ? ` and ${REMOVED}` : ''}, and on each node the new DaemonSet's pod starts once the port is free`,
    };
  const [old, now] = [before, after].map((pool) => podTemplateOf(pool.daemonSet.manifest));
  if (old === undefined || now === undefined || changedFields(old, now).length === 0)
    return { restarts: false, text: 'nothing restarts; the agents follow the list' };
  const nodes = nodesOf(after);
  const pace = after.isRolling ? `, ${paceText(after)}` : `, ${after.maxUnavailable} at a time`;
  return { restarts: true, text: `the agents on ${nodes} restart${pace}; routes stay in place` };
}

function compareProgram(before: Pool | undefined, after: Pool | undefined): ProgramChange | undefined {
  const [old, now] = [before?.programs ?? [], after?.programs ?? []];
  const nameOf = ({ placed }: Pool['programs'][number]) => placed.manifest.metadata.name;
  const textOf = (programs: Pool['programs']) => programs.map(({ text }) => text).join('');
  if (textOf(old) === textOf(now)) return undefined;
  return {
    ...(old[0] && { before: { name: nameOf(old[0]), size: Buffer.byteLength(textOf(old)) } }),
    ...(now[0] && {
      after: {
        name: nameOf(now[0]),
        size: Buffer.byteLength(textOf(now)),
        path: now[0].placed.path,
        more: now.slice(1).map((program) => ({ name: nameOf(program), path: program.placed.path })),
      },
    }),
    ...countLines(textOf(old), textOf(now)),
  };
}

/** The environment, without the variables that only reflect the pool's name. */
function compareSettings(before: Pool, after: Pool): SettingChange[] {
  const names = new Set([...Object.keys(before.settings), ...Object.keys(after.settings)]);
  return [...names]
    .filter((name) => name !== 'INSTANCE' && before.settings[name] !== after.settings[name])
    .map((name) => settingChange(name, before.settings[name], after.settings[name]));
}

function formerName(before: Pool, after: Pool): { formerName?: string } {
  if (before.name !== after.name) return { formerName: before.name };
  return before.namespace === after.namespace ? {} : { formerName: `${before.name} of namespace ${before.namespace}` };
}

const REMOVED = 'their routes are removed from the nodes';

function onUninstall({ settings }: Pool): string {
  return settings.ON_UNINSTALL === 'keep' ? 'their routes stay on the nodes' : REMOVED;
}

function subnetsOf({ routes }: Pool): string[] {
  return routes.map(({ subnet }) => `${subnet}`);
}
