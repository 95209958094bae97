import fc from 'fast-check';
import { PROTOCOL } from '../lab/testbed';
import { type Content, type Entry, familyOf, Model } from './model';
import { type Real, ROUTERS, SUBNETS } from './real';
import { Step } from './step';

const PRIVATE = { 4: '10.0.0.0/8', 6: 'fd00::/8' } as const;
const PUBLIC_GATEWAY = { 4: '198.51.100.1', 6: '2001:db8:51::1' } as const;

const ipOf = (subnet: string) => `-${familyOf(subnet)}`;

function put(content: Content): Step {
  return new Step(
    `put ${JSON.stringify(content)}`,
    (model) => model.put(content),
    (real) => real.put(content),
    (model) => content !== 'gone' || model.content !== 'gone',
  );
}

/** Somebody deletes a route of the agent. */
function deleteOurs(subnet: string): Step {
  const keys = (model: Readonly<Model>) => [...model.own.keys()].filter((key) => key.startsWith(`${subnet} `));
  return new Step(
    `delete the agent's route to ${subnet}`,
    (model) => {
      for (const key of keys(model)) model.own.delete(key);
    },
    (real, model) => {
      for (const key of keys(model))
        real.testbed.ip(`${ipOf(subnet)} route del ${subnet} metric ${key.split(' ')[1]} proto ${PROTOCOL}`);
    },
    (model) => keys(model).length > 0,
    'kernel',
  );
}

const flushNexthops = new Step(
  "flush the agent's nexthop objects",
  (model) => model.own.clear(),
  (real) => real.testbed.ip(`nexthop flush proto ${PROTOCOL}`),
  () => true,
  'kernel',
);

/** Adds or removes a foreign route to a listed prefix, on the public or on the private interface. */
function toggleForeign(subnet: string, way: 'public' | 'private'): Step {
  const family = familyOf(subnet);
  const gateway = way === 'public' ? PUBLIC_GATEWAY[family] : ROUTERS[family][0];
  return new Step(
    `toggle the foreign ${way} route to ${subnet}`,
    (model) => {
      if (!model.foreign.delete(subnet)) model.foreign.set(subnet, gateway);
    },
    (real, model) => {
      const there = model.foreign.get(subnet);
      const verb = there === undefined ? 'add' : 'del';
      real.testbed.ip(`${ipOf(subnet)} route ${verb} ${subnet} via ${there ?? gateway} metric 77 proto static`);
    },
    () => true,
    'kernel',
  );
}

/** Changes, removes or restores the route to the private network. */
function moveNextHop(family: 4 | 6, router: 0 | 1 | undefined): Step {
  const gateway = router === undefined ? undefined : ROUTERS[family][router];
  return new Step(
    `next hop of IPv${family}: ${gateway ?? 'none'}`,
    (model) => model.nextHop.set(family, gateway),
    (real, model) => {
      const there = model.nextHop.get(family);
      if (gateway === undefined) real.testbed.ip(`-${family} route del ${PRIVATE[family]} via ${there}`);
      else if (there === undefined) real.testbed.ip(`-${family} route add ${PRIVATE[family]} via ${gateway}`);
      else real.testbed.ip(`-${family} route replace ${PRIVATE[family]} via ${gateway}`);
    },
    (model) => model.nextHop.get(family) !== gateway,
    'kernel',
  );
}

const SECOND_ROUTER = [ROUTERS[4][1], ROUTERS[6][1]];

const routerDies = new Step(
  'the second router dies',
  (model) => {
    model.silent = SECOND_ROUTER;
  },
  (real) => real.setSilent(true),
  (model) => model.silent.length === 0,
  'kernel',
);

/** The agent uses a next hop again once it has answered for ten seconds. */
const routerReturns = new Step(
  'the second router answers again',
  (model) => {
    model.silent = [];
  },
  (real) => real.setSilent(false),
  (model) => model.silent.length > 0,
);

const bounce = new Step(
  'the link bounces',
  (model) => {
    model.own.clear();
    for (const [subnet, gateway] of model.foreign)
      if (gateway === ROUTERS[familyOf(subnet)][0]) model.foreign.delete(subnet);
  },
  (real, model) => {
    const [own4, own6] = ['10.184.0.2', 'fd00:184::2'];
    real.testbed.ip('link set priv down');
    real.testbed.node.netns.batch([
      'link set priv up',
      `addr replace ${own4}/26 dev priv`,
      `addr replace ${own6}/64 dev priv nodad`,
      ...([4, 6] as const).flatMap((family) => {
        const gateway = model.nextHop.get(family);
        return gateway === undefined ? [] : [`route replace ${PRIVATE[family]} via ${gateway}`];
      }),
    ]);
  },
  () => true,
  'kernel',
);

/** More events than the socket buffer holds while the agent is stopped: the kernel drops the rest, with those about the agent's routes. */
const overrun = new Step(
  'events are lost',
  (model) => model.own.clear(),
  (real) => {
    const others = Array.from({ length: 40_000 }, (_, i) => `172.16.0.0/30 via 198.51.100.1 table ${1000 + (i % 2)}`);
    real.pod?.signal('SIGSTOP');
    real.testbed.node.netns.batch(others.map((route, i) => `route ${i % 4 < 2 ? 'add' : 'del'} ${route}`));
    real.testbed.ip(`nexthop flush proto ${PROTOCOL}`);
    real.pod?.signal('SIGCONT');
    real.monitor.restart();
  },
  (model) => model.isRunning && model.own.size > 0,
  'kernel',
);

/**
 * A foreign route with the same prefix and metric is inserted before the agent's: the kernel tells them apart only by
 * their protocol. The agent must change its own route, not this one.
 */
const foreignTwin = new Step(
  "a foreign route with the same prefix and metric exists while a new list moves the agent's route",
  (model) => model.put({ list: MOVED }),
  async (real) => {
    real.put({ list: FIRST_LIST });
    await real.testbed.untilOwned(FIRST_LIST.map(({ subnet }) => subnet));
    real.testbed.ip(`route prepend ${SUBNETS[0]} via ${PUBLIC_GATEWAY[4]} proto static`);
    real.put({ list: MOVED });
    await real.untilRead();
    await new Promise((resolve) => setTimeout(resolve, 100));
    real.testbed.ip(`route del ${SUBNETS[0]} via ${PUBLIC_GATEWAY[4]} proto static`);
  },
  (model) => model.isRunning && model.isApiUp && model.nextHop.get(4) !== undefined && model.foreign.size === 0,
);

/** The HTTP status of every answer. undefined: connections are refused */
const FAILURES = { 'API server away': undefined, 'API server fails': 500, 'API server refuses': 403 } as const;

function apiAway(how: keyof typeof FAILURES): Step {
  return new Step(
    how,
    (model) => model.loseApi(),
    (real) => real.loseApi(FAILURES[how]),
    (model) => model.isApiUp && !model.isWaiting,
  );
}

const apiBack = new Step(
  'API server back',
  (model) => {
    model.isApiUp = true;
  },
  (real, model) => real.restoreApi(model),
  (model) => !model.isApiUp,
);

const compact = new Step(
  'the API server compacts its history',
  () => undefined,
  (real, model) => real.forgetHistory(model),
  (model) => model.isApiUp,
);

const kill = new Step(
  'SIGKILL',
  (model) => model.end(),
  (real) => real.kill('SIGKILL'),
  (model) => model.isRunning,
);

/** A graceful restart. As far as the agent knows or can find out, the ConfigMap exists, so routes stay. */
const stop = new Step(
  'SIGTERM',
  (model) => model.end(),
  (real) => real.kill('SIGTERM'),
  (model) => model.isRunning && model.known !== 'gone' && (model.content !== 'gone' || !model.isApiUp),
);

const start = new Step(
  'start',
  (model) => {
    model.isRunning = true;
  },
  (real) => real.start(),
  (model) => !model.isRunning,
);

/** GitOps deletes the ConfigMap, the DaemonSet and the pod: no route or object of the agent is left. */
const uninstall = new Step(
  'uninstall',
  (model) => {
    model.put('gone');
    model.end();
    model.own.clear();
  },
  async (real, model) => {
    const { owners } = real.testbed.cluster.api;
    owners.delete(real.testbed.own('DaemonSet'));
    if (model.content !== 'gone') real.put('gone');
    await real.kill('SIGTERM');
    owners.put(real.testbed.own('DaemonSet')); // for the next agent
  },
  (model) => model.isRunning && model.isApiUp && model.content !== 'gone',
);

/** Each is rejected for a different reason. */
const BAD = [
  '["192.168.0.1/24"]',
  'no list',
  '{}',
  '["192.168.0.0/24", {"subnet": "192.168.0.0/24", "mtu": 1400}]',
  '["192.168.0.0/24", "127.0.0.0/8"]',
];

const list: fc.Arbitrary<Content> = fc
  .subarray(SUBNETS)
  .chain((subnets) => fc.tuple(...subnets.map(entryOf)))
  .map((entries) => ({ list: entries }));

function entryOf(subnet: string): fc.Arbitrary<Entry> {
  const routers = ROUTERS[familyOf(subnet)];
  return fc.oneof(
    { weight: 4, arbitrary: fc.constant({ subnet }) },
    { weight: 1, arbitrary: fc.constant({ subnet, metric: 50 }) },
    { weight: 1, arbitrary: fc.constant({ subnet, nextHops: [routers[1]] }) },
    { weight: 1, arbitrary: fc.constant({ subnet, nextHops: [...routers] }) },
    { weight: 1, arbitrary: fc.constant({ subnet, nextHops: [...routers].reverse(), mode: 'failover' as const }) },
  );
}

const subnet = fc.constantFrom(...SUBNETS);

/** Steps with their weights: lower for slow steps, higher for steps that another step has to enable. */
const WEIGHTED: readonly (readonly [number, fc.Arbitrary<Step>])[] = [
  [8, list.map(put)],
  [2, fc.constantFrom(...BAD).map((bad) => put({ bad }))],
  [2, fc.constant(put('gone'))],
  [3, subnet.map(deleteOurs)],
  [
    4,
    fc.tuple(subnet, fc.constantFrom('public' as const, 'private' as const)).map(([to, way]) => toggleForeign(to, way)),
  ],
  [
    4,
    fc
      .tuple(fc.constantFrom(4 as const, 6 as const), fc.constantFrom(0 as const, 1 as const, undefined))
      .map(([family, router]) => moveNextHop(family, router)),
  ],
  [4, fc.constantFrom(...(Object.keys(FAILURES) as (keyof typeof FAILURES)[])).map(apiAway)],
  [6, fc.constant(apiBack)],
  [6, fc.constant(start)],
  [2, fc.constantFrom(kill, stop)],
  [2, fc.constant(uninstall)],
  [2, fc.constantFrom(flushNexthops, bounce)],
  [1, fc.constant(routerDies)],
  [2, fc.constant(routerReturns)],
  [1, fc.constant(compact)],
  [1, fc.constant(foreignTwin)],
  [1, fc.constant(overrun)],
];

export const COMMANDS: fc.Arbitrary<fc.AsyncCommand<Model, Real>>[] = WEIGHTED.flatMap(([weight, step]) =>
  Array.from({ length: weight }, () => step),
);

export const FIRST_LIST: readonly Entry[] = SUBNETS.slice(0, 2).map((to) => ({ subnet: to }));
/** The first route gets other next hops, the second one keeps its own. */
const MOVED: readonly Entry[] = FIRST_LIST.map((entry, i) => (i === 0 ? { ...entry, nextHops: ROUTERS[4] } : entry));

/** @param until time in milliseconds of performance.now() after which no further steps run */
export const firstModel = (until: number): Model => new Model(FIRST_LIST, ROUTERS[4][0], ROUTERS[6][0], until);
