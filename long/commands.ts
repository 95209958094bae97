import fc from 'fast-check';
import type { Pod } from '../lab/pod';
import { PROTOCOL, type Scene } from '../lab/scene';
import { waitFor } from '../lab/wait';
import { type Entry, familyOf, type Held, isOurs, linesOf, Model } from './model';

export const ROUTERS: Readonly<Record<4 | 6, readonly [string, string]>> = {
  4: ['10.184.0.1', '10.184.0.3'],
  6: ['fd00:184::1', 'fd00:184::3'],
};
const PRIVATE = { 4: '10.0.0.0/8', 6: 'fd00::/8' } as const;
const PUBLIC_GATEWAY = { 4: '198.51.100.1', 6: '2001:db8:51::1' } as const;
const SUBNETS = ['192.168.0.0/24', '192.168.1.0/24', '172.31.0.0/16', '2001:db8:a::/64', '2001:db8:b::/64'];
/** A back-off may have grown while the API server was away. */
const QUIET_MS = 45_000;

/** The node, the cluster and the agent that the commands act on. */
export class Real {
  pod: Pod | undefined;
  readonly story: string[] = [];
  /** What the API server answers to every request, if anything. */
  private refusal: number | undefined;

  constructor(readonly scene: Scene) {}

  async start(): Promise<void> {
    this.pod = await this.scene.cluster.startPod();
  }

  async kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    this.pod?.signal(signal);
    await this.pod?.exited;
    this.pod = undefined;
  }

  put(held: Held): void {
    if (held === 'gone') this.scene.deleteList();
    else if (held === 'bad') this.scene.putText(`["192.168.0.1/24"] ${performance.now()}`);
    else this.scene.putList(held.list);
  }

  /** @param refusal what every request is answered with. @default connections break, and no new ones are taken */
  loseApi(refusal?: number): void {
    const { api } = this.scene.cluster;
    this.refusal = refusal;
    if (refusal === undefined) api.outage('down');
    else {
      api.fail(refusal);
      api.dropConnections();
    }
  }

  restoreApi(): void {
    const { api } = this.scene.cluster;
    api.recover();
    api.outage(undefined);
  }

  /** Waits until the agent has read what the model says it has, and the kernel holds what the model holds. */
  async untilQuiet(model: Model): Promise<void> {
    let seen = '';
    try {
      await waitFor('a quiet point', QUIET_MS, async () => {
        seen = this.difference(model) || (await this.unread(model));
        return seen === '';
      });
      // Right once is not enough: what the agent still has under way must not change it.
      await new Promise((resolve) => setTimeout(resolve, 30));
      await waitFor('a quiet point that lasts', 2000, () => {
        seen = this.difference(model);
        return seen === '';
      });
    } catch (cause) {
      throw new Error(`${this.story.join('\n')}\n${seen}\n${this.pod?.logs ?? ''}`, { cause });
    }
  }

  private difference(model: Model): string {
    const all = ([4, 6] as const).flatMap((family) => this.scene.picture.routes(family));
    const ours = linesOf(all.filter(isOurs));
    if (ours !== model.lines()) return `the kernel holds\n${ours}\nand should hold\n${model.lines()}`;
    const foreign = linesOf(all.filter((route) => !isOurs(route) && SUBNETS.includes(route.dst)));
    return foreign === model.foreignLines() ? '' : `of others there are\n${foreign}\nand were\n${model.foreignLines()}`;
  }

  private async unread(model: Model): Promise<string> {
    if (!model.isRunning) return '';
    const { status, stdout } = await this.scene.get('/status/node-routes');
    if (status !== 200) return `the status page says ${status}`;
    const { list, watch } = JSON.parse(stdout) as {
      list: { state: string; version?: string };
      watch: { state: string; reason?: string };
    };
    if (list.state !== model.known) return `the list is ${JSON.stringify(list)} and should be ${model.known}`;
    if (!model.isApiUp) return this.isAway(watch.reason) ? '' : `the watch is ${JSON.stringify(watch)}`;
    if (watch.state !== 'connected') return `the watch is ${watch.state}`;
    const [stored] = this.scene.cluster.api.store.list('onprem-link', 'static-routes');
    const isRead = list.version === stored?.metadata.resourceVersion;
    return isRead ? '' : `the list is ${JSON.stringify(list)} and not the last one`;
  }

  /** An agent that has not met the refusal yet may go on as if there had been none. */
  private isAway(reason: string | undefined): boolean {
    return reason !== undefined && (this.refusal === undefined || reason.includes(`HTTP ${this.refusal}`));
  }
}

/** A step: what it does to the model (which also says whether it makes sense now), and to the real thing. */
class Step implements fc.AsyncCommand<Model, Real> {
  constructor(
    private readonly name: string,
    private readonly toModel: (model: Model) => void,
    private readonly toReal: (real: Real, before: Model) => unknown,
    private readonly when: (model: Readonly<Model>) => boolean = () => true,
  ) {}

  check(model: Readonly<Model>): boolean {
    return this.when(model);
  }

  async run(model: Model, real: Real): Promise<void> {
    real.story.push(this.name);
    await this.toReal(real, model);
    this.toModel(model);
    model.settle();
    await real.untilQuiet(model);
  }

  toString(): string {
    return this.name;
  }
}

const ipOf = (subnet: string) => `-${familyOf(subnet)}`;

function put(held: Held): Step {
  return new Step(
    `put ${JSON.stringify(held)}`,
    (model) => model.put(held),
    (real) => real.put(held),
    (model) => held !== 'gone' || model.held !== 'gone',
  );
}

/** Somebody deletes a route of ours. */
function deleteOurs(subnet: string): Step {
  const keys = (model: Readonly<Model>) => [...model.own.keys()].filter((key) => key.startsWith(`${subnet} `));
  return new Step(
    `delete our ${subnet}`,
    (model) => {
      for (const key of keys(model)) model.own.delete(key);
    },
    (real, model) => {
      for (const key of keys(model))
        real.scene.ip(`${ipOf(subnet)} route del ${subnet} metric ${key.split(' ')[1]} proto ${PROTOCOL}`);
    },
    (model) => keys(model).length > 0,
  );
}

const flushNexthops = new Step(
  'flush our nexthop objects',
  (model) => model.own.clear(),
  (real) => real.scene.ip(`nexthop flush proto ${PROTOCOL}`),
);

/** Somebody else's route of a listed prefix comes or goes, by the public way or by the private one. */
function toggleForeign(subnet: string, way: 'public' | 'private'): Step {
  const family = familyOf(subnet);
  const gateway = way === 'public' ? PUBLIC_GATEWAY[family] : ROUTERS[family][0];
  return new Step(
    `toggle somebody's ${way} ${subnet}`,
    (model) => {
      if (!model.foreign.delete(subnet)) model.foreign.set(subnet, gateway);
    },
    (real, model) => {
      const there = model.foreign.get(subnet);
      const verb = there === undefined ? 'add' : 'del';
      real.scene.ip(`${ipOf(subnet)} route ${verb} ${subnet} via ${there ?? gateway} metric 77 proto static`);
    },
  );
}

/** The private network's entry changes, goes, or comes back. */
function moveNextHop(family: 4 | 6, router: 0 | 1 | undefined): Step {
  const gateway = router === undefined ? undefined : ROUTERS[family][router];
  return new Step(
    `next hop of IPv${family}: ${gateway ?? 'none'}`,
    (model) => model.nextHop.set(family, gateway),
    (real, model) => {
      const there = model.nextHop.get(family);
      if (gateway === undefined) real.scene.ip(`-${family} route del ${PRIVATE[family]} via ${there}`);
      else if (there === undefined) real.scene.ip(`-${family} route add ${PRIVATE[family]} via ${gateway}`);
      else real.scene.ip(`-${family} route replace ${PRIVATE[family]} via ${gateway}`);
    },
    (model) => model.nextHop.get(family) !== gateway,
  );
}

const bounce = new Step(
  'the link bounces',
  (model) => {
    model.own.clear();
    for (const [subnet, gateway] of model.foreign)
      if (gateway === ROUTERS[familyOf(subnet)][0]) model.foreign.delete(subnet);
  },
  (real, model) => {
    const [own4, own6] = ['10.184.0.2', 'fd00:184::2'];
    real.scene.ip('link set priv down');
    real.scene.node.netns.batch([
      'link set priv up',
      `addr replace ${own4}/26 dev priv`,
      `addr replace ${own6}/64 dev priv nodad`,
      ...([4, 6] as const).flatMap((family) => {
        const gateway = model.nextHop.get(family);
        return gateway === undefined ? [] : [`route replace ${PRIVATE[family]} via ${gateway}`];
      }),
    ]);
  },
);

/** By what every request is answered with, if anything. */
const AWAY = { 'API server away': undefined, 'API server fails': 500, 'API server refuses': 403 } as const;

function apiAway(how: keyof typeof AWAY): Step {
  return new Step(
    how,
    (model) => model.loseApi(AWAY[how] !== undefined),
    (real) => real.loseApi(AWAY[how]),
    (model) => model.isApiUp,
  );
}

const apiBack = new Step(
  'API server back',
  (model) => {
    model.isApiUp = true;
  },
  (real) => real.restoreApi(),
  (model) => !model.isApiUp,
);

const compact = new Step(
  'the history is forgotten',
  () => undefined,
  (real) => real.scene.cluster.api.compact(true),
  (model) => model.isApiUp,
);

const kill = new Step(
  'SIGKILL',
  (model) => model.end(),
  (real) => real.kill('SIGKILL'),
  (model) => model.isRunning,
);

/** A restart in good order, with a ConfigMap that is there as far as the agent knows or can learn: routes stay. */
const stop = new Step(
  'SIGTERM',
  (model) => model.end(),
  (real) => real.kill('SIGTERM'),
  (model) => model.isRunning && model.known !== 'gone' && (model.held !== 'gone' || !model.isApiUp),
);

const start = new Step(
  'start',
  (model) => {
    model.isRunning = true;
  },
  (real) => real.start(),
  (model) => !model.isRunning,
);

/** GitOps deletes the ConfigMap and the pod; nothing of ours is left. */
const uninstall = new Step(
  'uninstall',
  (model) => {
    model.put('gone');
    model.end();
    model.own.clear();
  },
  async (real, model) => {
    if (model.held !== 'gone') real.put('gone');
    await real.kill('SIGTERM');
  },
  (model) => model.isRunning && model.isApiUp && model.held !== 'gone',
);

const list: fc.Arbitrary<Held> = fc
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
  );
}

const subnet = fc.constantFrom(...SUBNETS);

export const COMMANDS: fc.Arbitrary<fc.AsyncCommand<Model, Real>>[] = [
  list.map(put),
  list.map(put),
  subnet.map(deleteOurs),
  fc.constant(put('bad')),
  fc.constant(put('gone')),
  fc.tuple(subnet, fc.constantFrom('public' as const, 'private' as const)).map(([to, way]) => toggleForeign(to, way)),
  fc
    .tuple(fc.constantFrom(4 as const, 6 as const), fc.constantFrom(0 as const, 1 as const, undefined))
    .map(([family, router]) => moveNextHop(family, router)),
  fc.constantFrom(...(Object.keys(AWAY) as (keyof typeof AWAY)[])).map(apiAway),
  fc.constantFrom(flushNexthops, bounce, compact, kill, stop, uninstall),
  fc.constantFrom(start, apiBack),
  fc.constantFrom(start, apiBack),
];

export const FIRST_LIST: readonly Entry[] = SUBNETS.slice(0, 2).map((to) => ({ subnet: to }));

export const firstModel = (): Model => new Model(FIRST_LIST, ROUTERS[4][0], ROUTERS[6][0]);
