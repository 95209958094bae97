import type { Door, Page } from '../../program/http-server';
import { PROMETHEUS_TEXT } from '../../program/metrics-text';
import type { Agent } from '../agent';
import { isOwn, type Ownership } from '../decide/ownership';
import { hopsOf } from '../decide/route-hops';
import type { ReadyLatch } from '../ready-latch';
import type { RolloutState } from '../rollout-state';
import type { Settings } from '../settings';
import type { Facts, RolloutFacts } from './facts';
import { metricsText } from './metrics';
import { readiness } from './readiness';
import { DropWatch, reversePathDrops, reversePathFilters } from './reverse-path';
import { statusOf } from './status';

/** The address that the kubelet, `status` and `diff` use, unreachable from outside the node. */
export const LOOPBACK = '127.0.0.1';
/** On loopback, all processes of the node are one peer. */
const MOST_LOCAL = 64;
const MOST_OF_PEER = 8;
const METRICS = '/metrics';

const page = (type: string, body: string, status = 200) => ({ status, type, body });
const text = (body: string, status?: number) => page('text/plain', `${body}\n`, status);
const json = (value: unknown) => page('application/json', `${JSON.stringify(value, null, 2)}\n`);

/** All pages on loopback, but only the metrics on the node's address, which other nodes and pods can reach. */
export function doorsOf({ podIP, httpPort: port }: Settings, pages: ReadonlyMap<string, Page>): Door[] {
  const open = new Map([...pages].filter(([path]) => path === METRICS));
  return [
    { address: LOOPBACK, port, pages, mostOfPeer: MOST_LOCAL },
    { address: `${podIP}`, port, pages: open, mostOfPeer: MOST_OF_PEER },
  ];
}

/**
 * The pages of the agent. The paths of the kubelet's probes contain the instance's name, so that neither another
 * program on the port nor another NodeRoutes can answer for it.
 */
export function pagesOf(
  settings: Settings,
  agent: Agent,
  readFile: (path: string) => string | undefined,
  preview: () => readonly string[] | undefined,
  latch: ReadyLatch | undefined,
  wayBack: (link: number) => string | undefined = () => undefined,
): ReadonlyMap<string, Page> {
  const watch = new DropWatch();
  const facts = () => {
    const drops = reversePathDrops(readFile('/proc/net/netstat') ?? '');
    const isDropping = watch.isDropping(drops, performance.now());
    return factsOf(settings, agent, readFile, { count: drops, isDropping, wayBack });
  };
  const name = settings.instance;
  return new Map<string, Page>([
    [`/livez/${name}`, () => text('alive')],
    [
      `/readyz/${name}`,
      () => {
        const now = readiness(facts());
        const { ready, reason } = latch?.answer(now) ?? now;
        return text(reason, ready ? 200 : 503);
      },
    ],
    [`/status/${name}`, () => json(statusOf(facts()))],
    [
      `/diff/${name}`,
      () => {
        const changes = preview();
        if (changes !== undefined) return json(changes);
        return text(`the agent has no list yet, so it cannot say what would change: ${readiness(facts()).reason}`, 503);
      },
    ],
    [METRICS, () => page(PROMETHEUS_TEXT, metricsText(facts()))],
  ]);
}

interface Drops {
  readonly count: number | undefined;
  readonly isDropping: boolean;
  readonly wayBack: (link: number) => string | undefined;
}

function factsOf(
  settings: Settings,
  agent: Agent,
  readFile: (path: string) => string | undefined,
  drops: Drops,
): Facts {
  const { outcome, source, watchState: watch, lockHolder, passError, counters } = agent;
  return {
    instance: settings.instance,
    nodeName: settings.nodeName,
    configMap: `${settings.namespace}/${settings.configMap}`,
    protocol: settings.ownership.protocol,
    list: source.state,
    rollout: rolloutFacts(agent.rollout.state),
    pinned: settings.isRolling
      ? { isInForce: agent.rollout.inForce === source.list, differs: source.differs }
      : undefined,
    duplicates: source.list?.duplicates ?? [],
    watch,
    lockHolder,
    passError,
    outcome,
    pods: agent.pods,
    requirePods: settings.requirePods,
    nextHops: agent.nextHops.all.map(({ address, interface: link, health }) => ({
      nextHop: `${address}`,
      interface: link,
      state: health.state,
      seconds: Math.round((performance.now() - health.since) / 1000),
    })),
    networks: agent.paths.all,
    requireReachable: settings.requireReachable,
    counters,
    reversePathFilters:
      outcome === undefined
        ? []
        : reversePathFilters(
            outcome.snapshot,
            routeLinks(outcome.snapshot, agent.ownership),
            settings.privateNetworks,
            readFile,
            drops,
          ),
    reversePathDrops: drops.count,
  };
}

function rolloutFacts(rollout: RolloutState): RolloutFacts {
  const { state, reason, due } = { reason: undefined, due: undefined, ...rollout };
  return {
    state,
    ...(reason !== undefined && { reason }),
    ...(due !== undefined && { seconds: Math.max(0, Math.round((due - performance.now()) / 1000)) }),
  };
}

/** The links that our IPv4 routes use. */
function routeLinks(
  { routes, nexthops }: NonNullable<Agent['outcome']>['snapshot'],
  ownership: Ownership,
): Set<number> {
  const ours = routes.filter((route) => route.subnet.family === 4 && isOwn(route, ownership));
  return new Set(ours.flatMap((route) => hopsOf(route, nexthops).map(({ link }) => link)));
}
