import { shortList } from '../page/page';
import { leavesOf } from './fields';
import type { Placed } from './manifest';
import { isAllAtOnce } from './pace';
import type { Pair } from './pairs';
import { isUninstalledBy, type Pool } from './pool';
import { prefixRisks } from './prefix-risks';
import { danger, type Risk, warning } from './risk';
import type { PoolPlan, ServicePlan } from './types';

/** The risks of changing a pool's routes. */
export function poolRisks({ before, after }: Pair<Pool>, plan: PoolPlan): Risk[] {
  if (after === undefined) return [danger(`pool \`${plan.name}\` is gone: ${plan.restart.text}`)];
  return [
    ...listRisks(before, after),
    ...everywhereAtOnce(plan),
    ...rollingRisks(after),
    ...prefixRisks(plan, after),
    ...(before === undefined ? [] : protocolRisks(before, after)),
    ...renamedRisks(plan, before !== undefined && isUninstalledBy(before, after)),
  ];
}

export function serviceRisks(plan: ServicePlan): Risk[] {
  if (plan.kind === 'unchanged') return [];
  if (plan.kind === 'removed')
    return [warning(`Service \`${plan.name}\` is removed: clients can no longer resolve its name`)];
  const { formerName } = plan;
  return [
    ...(plan.total === 0 ? [danger(`Service \`${plan.name}\` is left without servers`)] : []),
    ...(plan.health?.isGap === true ? [warning(gapText(plan.name, plan.health.after !== undefined))] : []),
    ...(plan.rewritten === undefined ? [] : [warning(rewrittenText(plan.name, plan.rewritten))]),
    ...(formerName === undefined
      ? []
      : [warning(`Service \`${formerName}\` is now \`${plan.name}\`: clients can no longer resolve the old name`)]),
  ];
}

function gapText(name: string, isOn: boolean): string {
  const [what, first] = isOn
    ? [
        'deletes the EndpointSlices before the server health program has written its own',
        '`handover: true` in `health`',
      ]
    : [
        'may write the EndpointSlices after those of the server health program are gone',
        '`handover: true` in `health`, which stays for now',
      ];
  return `Service \`${name}\`: GitOps ${what}, so new connections fail for some seconds. To prevent that, merge ${first} first, wait until the program is Ready, and then this change`;
}

function rewrittenText(name: string, { before, after, cleanUp }: NonNullable<ServicePlan['rewritten']>): string {
  const stays =
    before === 'Endpoints'
      ? 'Argo CD does not delete the old object (argo-cd #12238), and Kubernetes mirrors it, so its servers get traffic'
      : 'Argo CD does not delete the old objects while its `resource.exclusions` name EndpointSlice, so their servers get traffic';
  return `Service \`${name}\` changes from ${before} to ${after}: ${stays} until you run ${cleanUp.map((one) => `\`${one}\``).join(' and ')}`;
}

/** Objects that the API server or Argo CD will not accept. */
export function objectRisks(pairs: readonly Pair<Placed>[]): Risk[] {
  const dropped = pairs.filter(({ before, after }) => after && isEndpoints(after) && !isSame(before, after));
  const names = dropped.map(({ after }) => `\`${after?.manifest.metadata.name}\``);
  return [
    ...(names.length === 0
      ? []
      : [
          warning(
            `Argo CD 3 drops EndpointSlices and Endpoints unless its \`resource.exclusions\` were changed: check whether the Application shows ExcludedResourceWarning (${shortList(names)})`,
          ),
        ]),
    ...pairs.flatMap(immutableRisks),
  ];
}

function listRisks(before: Pool | undefined, after: Pool): Risk[] {
  if (after.refusal !== undefined)
    return [danger(`the agents of pool \`${after.name}\` will reject their list: ${after.refusal}`)];
  if (after.routes.length === 0 && (before?.routes.length ?? 0) > 0)
    return [danger(`pool \`${after.name}\` loses all of its routes`)];
  return [];
}

function everywhereAtOnce({ name, routes }: PoolPlan): Risk[] {
  const { total, added, moved } = routes;
  if (moved.length < 2 || moved.length + added.length < total) return [];
  const ways = [...new Set(moved.map(({ after }) => after))];
  return [
    danger(
      `the next hop changes everywhere at once: all ${moved.length} routes of pool \`${name}\` that stay move ${shortList(ways.map((way) => `to \`${way}\``))}. A wrong next hop cuts off all of them`,
    ),
  ];
}

function rollingRisks(pool: Pool): Risk[] {
  return [
    ...(pool.listsDiffer
      ? [
          danger(
            `the ConfigMap of pool \`${pool.name}\` holds a different list from the one in the pod template: run \`npm run synth\``,
          ),
        ]
      : []),
    ...(pool.isRolling && isAllAtOnce(pool)
      ? [
          warning(
            `all nodes of pool \`${pool.name}\` are canaries: every node gets a new list even if others do not confirm it`,
          ),
        ]
      : []),
  ];
}

function protocolRisks(before: Pool, after: Pool): Risk[] {
  const [old, now] = [before.settings.ROUTE_PROTOCOL, after.settings.ROUTE_PROTOCOL];
  if (old === undefined || old === now || after.settings.FORMER_PROTOCOLS?.split(',').includes(old)) return [];
  return [
    danger(
      `routes that carry protocol ${old} will not be recognised by the agents of pool \`${after.name}\`: set \`formerProtocols: [${old}]\``,
    ),
  ];
}

function renamedRisks({ name, formerName }: PoolPlan, isUninstall: boolean): Risk[] {
  if (formerName === undefined) return [];
  if (isUninstall)
    return [
      danger(
        `pool \`${formerName}\` is uninstalled and becomes \`${name}\`: the old agents remove their routes, and packets are lost until the new agents have installed them. To prevent that, merge \`onUninstall: 'keep'\` first and wait until all agents have restarted`,
      ),
    ];
  return [
    warning(
      `pool \`${formerName}\` is now \`${name}\`: a new DaemonSet, whose pods start after those of the old one have stopped`,
    ),
  ];
}

const IMMUTABLE: Readonly<Record<string, RegExp>> = {
  DaemonSet: /^spec\.selector\./,
  RoleBinding: /^roleRef\./,
  ClusterRoleBinding: /^roleRef\./,
  EndpointSlice: /^addressType$/,
  IPPool: /^spec\.(?:cidr|blockSize)$/,
};

function immutableRisks({ before, after }: Pair<Placed>): Risk[] {
  if (before === undefined || after === undefined) return [];
  const { kind, metadata } = after.manifest;
  const isSameObject =
    metadata.name === before.manifest.metadata.name && metadata.namespace === before.manifest.metadata.namespace;
  const fixed = before.manifest.immutable === true ? /^data\b/ : IMMUTABLE[kind];
  if (!isSameObject || fixed === undefined) return [];
  const now = leavesOf(after.manifest);
  const changed = [...leavesOf(before.manifest)].find(([path, value]) => fixed.test(path) && now.get(path) !== value);
  if (changed === undefined) return [];
  return [
    danger(`${kind} \`${metadata.name}\` cannot be applied: \`${changed[0]}\` is immutable; delete the object first`),
  ];
}

function isEndpoints({ manifest }: Placed): boolean {
  return manifest.kind === 'EndpointSlice' || manifest.kind === 'Endpoints';
}

function isSame(before: Placed | undefined, after: Placed): boolean {
  return before !== undefined && JSON.stringify(before.manifest) === JSON.stringify(after.manifest);
}
