import fc from 'fast-check';
import { FakeTime } from '../../test/servers/fake-time';
import { MemoryObjects } from '../../test/servers/memory-objects';
import { SERVICE } from '../../test/servers/service';
import type { ProbedService } from '../network';
import { ApiError } from '../program/api/client';
import type { ApiObject, Objects } from '../program/api/objects';
import { LEASE_MS } from './decide/lease';
import { ownerPath, slicePath } from './decide/slice';
import { SliceWriter } from './slice-writer';
import { Turns } from './turns';

const LEASES = { namespace: 'onprem-link-health', lease: 'server-health', standbyLease: 'server-health-standby' };
const NOTHING = { down: new Set<string>(), unsure: new Set<string>() };
const PATH = slicePath(SERVICE, 4);

/** The fate of a replica's requests, in order: delays in both directions in milliseconds, or a lost answer. */
interface Weather {
  readonly there: number;
  readonly back: number;
  readonly isLost: boolean;
}

/** A replica with slow requests, which can be stopped (SIGSTOP) for a while. */
class Replica {
  readonly turns: Turns;
  readonly writer: SliceWriter;
  private stoppedUntil = 0;
  private requests = 0;

  constructor(
    readonly name: string,
    private readonly time: FakeTime,
    api: MemoryObjects,
    private readonly weather: readonly Weather[],
  ) {
    const objects = this.network(api);
    this.turns = new Turns(objects, LEASES, name, time);
    this.writer = new SliceWriter(objects, {
      term: () => this.term,
      service: () => SERVICE as ProbedService,
      adopt: () => undefined,
      ready: () => new Set([...SERVICE.servers.keys()].slice(time.now() % 2)), // changes all the time
    });
  }

  get term(): string | undefined {
    return this.turns.term && `${this.turns.term.transitions}/${this.name}`;
  }

  stop(milliseconds: number): void {
    this.stoppedUntil = this.time.now() + milliseconds;
  }

  async run(end: number): Promise<void> {
    while (this.time.now() < end) {
      await this.turns.take(NOTHING).catch(isApiError);
      await this.writer.sync('default/orders-service').catch(isApiError);
      await this.time.sleep(2_000);
      await this.goOn();
    }
  }

  /** A stopped process sees answers and timers once it continues. */
  private async goOn(): Promise<void> {
    while (this.time.now() < this.stoppedUntil) await this.time.sleep(this.stoppedUntil - this.time.now());
  }

  private network(api: MemoryObjects): Objects {
    const send = async <T>(ask: () => Promise<T>): Promise<T> => {
      const { there, back, isLost } = this.weather[this.requests++ % this.weather.length] as Weather;
      await this.time.sleep(there);
      const answer = await ask().then(
        (value) => () => value,
        (error: Error) => () => {
          throw error;
        },
      );
      await this.time.sleep(isLost ? 3_000 : back);
      await this.goOn();
      if (isLost) throw new ApiError('no answer: no data for 3 s');
      return answer();
    };
    return {
      get: (path) => send(() => api.get(path)),
      apply: (path, body, manager) => send(() => api.apply(path, body, manager)),
      create: (path, body) => send(() => api.create(path, body)),
      delete: (path, read) => send(() => api.delete(path, read)),
    };
  }
}

function isApiError(error: Error): void {
  if (error.name !== 'ApiError' && error.name !== 'ConflictError') throw error;
}

const weather = fc.array(
  fc.record({
    there: fc.oneof({ weight: 5, arbitrary: fc.integer({ min: 1, max: 300 }) }, fc.integer({ min: 1, max: 15_000 })),
    back: fc.integer({ min: 1, max: 300 }),
    isLost: fc.oneof({ weight: 8, arbitrary: fc.constant(false) }, fc.boolean()),
  }),
  { minLength: 1, maxLength: 12 },
);
const stops = fc.array(
  fc.record({
    at: fc.integer({ min: 0, max: 110_000 }),
    replica: fc.nat(2),
    for: fc.integer({ min: 500, max: 60_000 }),
  }),
  { maxLength: 5 },
);

/** The turn that wrote a slice: grows with each leader. */
const turnOf = ({ metadata }: ApiObject): number =>
  Number.parseInt(metadata.annotations?.['onprem-link/term'] ?? '0', 10);

test('with any delays, losses and stops, there is one leader at a time, and no older write arrives after a new leader has written', async () => {
  await fc.assert(
    fc.asyncProperty(fc.tuple(weather, weather, weather), stops, async (skies, pauses) => {
      const time = new FakeTime();
      const api = new MemoryObjects();
      api.put(ownerPath(SERVICE), { kind: 'ConfigMap', metadata: { name: 'orders-service-health' } });
      const replicas = skies.map((sky, i) => new Replica(`pod-${i}_x`, time, api, sky));
      const running = replicas.map((replica) => replica.run(120_000));
      for (const { at, replica, for: length } of pauses)
        void time.sleep(at).then(() => replicas[replica]?.stop(length));
      await time.runUntil(200_000, () => {
        expect(replicas.filter(({ turns }) => turns.term !== undefined).length).toBeLessThanOrEqual(1);
      });
      await Promise.all(running);
      const turns = api.writes
        .filter(({ path }) => path === PATH)
        .map(({ object }) => turnOf(object))
        .filter((turn) => turn > 0);
      expect(turns).toEqual([...turns].sort((one, other) => one - other));
    }),
    { numRuns: 60 },
  );
}, 60_000);

describe('with a working network', () => {
  const calm: Weather[] = [{ there: 2, back: 2, isLost: false }];
  const start = () => {
    const time = new FakeTime();
    const api = new MemoryObjects();
    api.put(ownerPath(SERVICE), { kind: 'ConfigMap', metadata: { name: 'orders-service-health' } });
    const replicas = [0, 1, 2].map((i) => new Replica(`pod-${i}_x`, time, api, calm)) as [Replica, Replica, Replica];
    for (const replica of replicas) void replica.run(100_000);
    return { time, api, replicas };
  };
  const roles = (replicas: readonly Replica[]) =>
    replicas.map(({ turns }) => (turns.term ? 'leader' : turns.standby.term ? 'standby' : 'waiting')).join(' ');

  test('one replica leads, one stands by, and a third waits', async () => {
    const { time, replicas } = start();
    await time.runUntil(20_000);
    expect(roles(replicas).split(' ').sort()).toEqual(['leader', 'standby', 'waiting']);
  });

  test('a stopped leader has been replaced when it continues, and steps down', async () => {
    const { time, replicas } = start();
    await time.runUntil(20_000);
    const leader = replicas.find(({ turns }) => turns.term !== undefined) as Replica;
    leader.stop(30_000);
    await time.runUntil(20_000 + LEASE_MS + 4_000);
    expect(replicas.filter(({ turns }) => turns.term !== undefined).map(({ name }) => name)).not.toContain(leader.name);
    expect(roles(replicas)).toContain('leader');
    await time.runUntil(60_000);
    expect(leader.turns.term).toBeUndefined();
  });

  test('a replica that gives up its lease is replaced within a round', async () => {
    const { time, replicas } = start();
    await time.runUntil(20_000);
    const leader = replicas.find(({ turns }) => turns.term !== undefined) as Replica;
    leader.stop(60_000);
    void leader.turns.end();
    await time.runUntil(23_000);
    expect(roles(replicas)).toContain('leader');
    expect(leader.turns.term).toBeUndefined();
  });
});
