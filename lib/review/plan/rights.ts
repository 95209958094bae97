import type { Manifest, Placed } from './manifest';
import { compareText } from './pairs';
import { podRights } from './pod-rights';
import { podTemplateOf } from './pool';
import type { RightsChange } from './types';

interface Rule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
  readonly verbs?: readonly string[];
}

interface Subject {
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
}

/** Rights by subject: in the API, and of processes on a node. */
export type Rights = ReadonlyMap<string, ReadonlySet<string>>;

const ENFORCED = 'pod-security.kubernetes.io/enforce';

/** The rights that a site's objects grant. */
export function rightsOf(objects: readonly Placed[]): Rights {
  const rights = new Map<string, Set<string>>();
  const give = (who: string, what: string) => {
    const held = rights.get(who) ?? new Set();
    rights.set(who, held.add(what));
  };
  const manifests = objects.map(({ manifest }) => manifest);
  for (const manifest of manifests) {
    const who = `${manifest.kind} ${manifest.metadata.name}`;
    const level = manifest.kind === 'Namespace' ? manifest.metadata.labels?.[ENFORCED] : undefined;
    if (level !== undefined) give(who, `pods of pod security level ${level}`);
    const template = podTemplateOf(manifest);
    if (template !== undefined) for (const right of podRights(template)) give(who, right);
    for (const { subject, rule } of boundRules(manifest, manifests)) give(subject, rule);
  }
  return rights;
}

/**
 * Rights gained and lost, gained ones first.
 * @param renamed new names by old names, for subjects that were renamed.
 */
export function compareRights(before: Rights, after: Rights, renamed: ReadonlyMap<string, string>): RightsChange[] {
  const old = new Map([...before].map(([who, what]) => [renamed.get(who) ?? who, what]));
  const changes = (kind: RightsChange['kind'], from: Rights, to: Rights): RightsChange[] =>
    [...to].flatMap(([who, held]) =>
      [...held].filter((what) => !from.get(who)?.has(what)).map((what): RightsChange => ({ kind, who, what })),
    );
  const inOrder = (list: RightsChange[]) =>
    list.sort((a, b) => compareText(a.who, b.who) || compareText(a.what, b.what));
  return [...inOrder(changes('gained', old, after)), ...inOrder(changes('lost', after, old))];
}

/** The rules of the role that a binding refers to, for each of its subjects. */
function boundRules(binding: Manifest, all: readonly Manifest[]): { subject: string; rule: string }[] {
  if (!binding.kind.endsWith('RoleBinding')) return [];
  const { roleRef, subjects = [] } = binding as unknown as { roleRef: Subject; subjects?: readonly Subject[] };
  const { namespace } = binding.metadata;
  const role = all.find(
    ({ kind, metadata }) =>
      kind === roleRef.kind &&
      metadata.name === roleRef.name &&
      (kind === 'ClusterRole' || metadata.namespace === namespace),
  );
  const where = binding.kind === 'ClusterRoleBinding' ? 'in the whole cluster' : `in ${namespace}`;
  const rulesFor = (name: string) =>
    role === undefined
      ? [`whatever ${roleRef.kind} ${roleRef.name} allows, ${where}`]
      : ((role.rules ?? []) as Rule[]).flatMap((rule) => ruleTexts(rule, name).map((text) => `${text} ${where}`));
  return subjects.flatMap(({ kind, name }) => rulesFor(name).map((rule) => ({ subject: `${kind} ${name}`, rule })));
}

/**
 * One text per verb, so that an additional verb is reported alone. A right to an object with the subject's own name
 * stays the same when the subject is renamed.
 */
function ruleTexts(rule: Rule, subject: string): string[] {
  const { apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [], verbs = [] } = rule;
  const groups = apiGroups.filter((group) => group !== '');
  const what = [...resources, ...nonResourceURLs].map((one) => (one === '*' ? 'everything' : one)).join(', ');
  const ofGroup = groups.length === 0 ? '' : ` of ${groups.join(', ')}`;
  const names = resourceNames.map((name) => (name === subject ? 'of its own name' : name));
  const which = names.length === 0 ? ' (all)' : ` ${names.join(', ')}`;
  return verbs.map((verb) => `${verb === '*' ? 'do anything with' : verb} ${what}${ofGroup}${which}`);
}
