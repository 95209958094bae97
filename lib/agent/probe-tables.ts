import { protocolOfTable } from '../network';
import { isOwn, type Ownership } from './decide/ownership';
import { type ProbeWay, probeObjects, ruleKey } from './decide/probe-ways';
import { hopKey } from './decide/route-hops';
import type { Kernel } from './kernel/kernel';
import type { ProbeChange, ProbeObjects } from './kernel/probe-objects';

const NOTHING: ProbeObjects = { rules: [], routes: [] };

/**
 * The rules and tables of the probes in the kernel. Their table numbers identify this agent, so that a successor finds
 * them.
 */
export class ProbeTables {
  private wanted = NOTHING;

  constructor(
    private readonly kernel: Pick<Kernel, 'apply' | 'applyProbes' | 'readProbeObjects'>,
    private readonly ownership: Ownership,
  ) {}

  want(ways: readonly ProbeWay[]): void {
    this.wanted = probeObjects(ways);
    try {
      this.restore();
    } catch {} // the next probe finds that its rule is not there
  }

  /**
   * Creates and removes what differs, whoever changed it. The lookup of each probe detects what the kernel rejected.
   */
  restore(): void {
    const { kernel, ownership, wanted } = this;
    const present = kernel.readProbeObjects();
    const ours = ({ table }: { readonly table: number }) => isOwn({ protocol: protocolOfTable(table) }, ownership);
    const rules = new Map(present.rules.filter(ours).map((rule) => [ruleKey(rule), rule]));
    const wantedRules = new Set(wanted.rules.map(ruleKey));
    const routes = new Map(present.routes.filter(ours).map((route) => [route.table, route]));
    const wantedTables = new Set(wanted.routes.map(({ table }) => table));
    const isThere = ({ table, hop }: ProbeObjects['routes'][number]) =>
      routes.get(table)?.hops.map(hopKey).join() === hopKey(hop);
    const changes: ProbeChange[] = [
      ...[...rules].flatMap(([key, rule]) => (wantedRules.has(key) ? [] : [{ kind: 'delete-rule' as const, rule }])),
      ...wanted.routes.filter((route) => !isThere(route)).map((route) => ({ kind: 'put-route' as const, route })),
      ...wanted.rules.filter((rule) => !rules.has(ruleKey(rule))).map((rule) => ({ kind: 'put-rule' as const, rule })),
    ];
    if (changes.length > 0) kernel.applyProbes(changes);
    const left = [...routes.values()].filter(({ table }) => !wantedTables.has(table));
    if (left.length > 0)
      kernel.apply(
        left.map((route) => ({ kind: 'delete-route', route })),
        ownership.protocol,
      );
  }
}
