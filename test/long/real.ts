import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { Pod } from '../lab/kubelet/pod';
import { PROTOCOL, type Testbed } from '../lab/testbed';
import { waitFor } from '../lab/wait';
import { type Held, isOurs, linesOf, type Model } from './model';

export const ROUTERS: Readonly<Record<4 | 6, readonly [string, string]>> = {
  4: ['10.184.0.1', '10.184.0.3'],
  6: ['fd00:184::1', 'fd00:184::3'],
};
export const SUBNETS = ['192.168.0.0/24', '192.168.1.0/24', '172.31.0.0/16', '2001:db8:a::/64', '2001:db8:b::/64'];
/** A back-off may have grown while the API server was away. */
export const QUIET_MS = 45_000;
/** A little more than what the agent takes for a watch that stood. */
const STANDS_MS = 1_100;
/** What only the kernel has to tell must not wait for the agent's backstop, which looks every 30 s. */
export const QUICK_MS = 8_000;

/** The node, the cluster and the agent that the commands act on. */
export class Real {
  pod: Pod | undefined;
  readonly story: string[] = [];
  readonly monitor: RouteMonitor;
  /** What the API server answers to every request, if anything. */
  private refusal: number | undefined;
  private bad = 0;

  constructor(readonly testbed: Testbed) {
    this.monitor = new RouteMonitor(testbed);
    this.monitor.restart();
  }

  async start(): Promise<void> {
    this.pod = await this.testbed.cluster.startPod();
  }

  async kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    this.pod?.signal(signal);
    await this.pod?.exited;
    this.pod = undefined;
  }

  put(held: Held): void {
    if (held === 'gone') this.testbed.deleteList();
    else if ('list' in held) this.testbed.putList(held.list);
    else this.testbed.putText(`${held.bad}${' '.repeat(++this.bad)}`); // what is the same already would be no news
  }

  /** The second router is no longer, or again, heard of on the private side. */
  silence(isSilent: boolean): void {
    const [, router] = this.testbed.topology.routers;
    router?.netns.batch([
      `link set priv ${isSilent ? 'down' : 'up'}`,
      // Which the kernel takes from a link that is down.
      ...(isSilent ? [] : [`addr replace ${ROUTERS[6][1]}/64 dev priv nodad`]),
    ]);
  }

  /** @param refusal what every request is answered with. @default connections break, and no new ones are taken */
  loseApi(refusal?: number): void {
    const { api } = this.testbed.cluster;
    this.refusal = refusal;
    if (refusal === undefined) api.outage('down');
    else {
      api.fail(refusal);
      api.dropConnections();
    }
  }

  restoreApi(model: Model): Promise<void> {
    return this.untilWatched(model, (api) => {
      api.recover();
      api.outage(undefined);
    });
  }

  /** Ends the agent's watch; to go on it has to list. */
  forgetHistory(model: Model): Promise<void> {
    return this.untilWatched(model, (api) => api.compact(true));
  }

  /** Until a new watch stands, for so long that the agent's back-off ends: else it soon takes most of the time. */
  private async untilWatched({ isRunning }: Model, act: (api: Testbed['cluster']['api']) => void): Promise<void> {
    const { api } = this.testbed.cluster;
    const before = api.requested('watch').length;
    act(api);
    if (!isRunning) return;
    await waitFor('a new watch', QUIET_MS, () => api.requested('watch').length > before);
    await new Promise((resolve) => setTimeout(resolve, STANDS_MS));
  }

  /** Waits until the agent has read what the model says it has, and the kernel holds what the model holds. */
  async untilQuiet(model: Model, ms: number): Promise<void> {
    let seen = '';
    try {
      await waitFor('a quiet point', ms, async () => {
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
      throw new Error(this.tell(seen), { cause });
    }
  }

  /** Our routes of these keys that were deleted since the last call, if only for an instant. */
  async untilTold(kept: readonly string[]): Promise<void> {
    const lost = (await this.monitor.deleted()).filter((key) => kept.includes(key));
    if (lost.length > 0) throw new Error(this.tell(`lost for a while: ${lost.join(', ')}`));
  }

  /** Waits until the agent has read the list that was written last. */
  async untilRead(): Promise<void> {
    const [stored] = this.testbed.cluster.api.store.list('onprem-link', 'static-routes');
    await waitFor('the list to be read', QUIET_MS, async () => {
      const { stdout } = await this.testbed.get('/status/node-routes');
      return stdout !== '' && JSON.parse(stdout).list.version === stored?.metadata.resourceVersion;
    });
  }

  private tell(what: string): string {
    return `${what}\nafter these steps:\n${this.story.join('\n')}`;
  }

  private difference(model: Model): string {
    const all = ([4, 6] as const).flatMap((family) => this.testbed.topology.routes(family));
    const ours = linesOf(all.filter(isOurs));
    if (ours !== model.lines()) return `the kernel holds\n${ours}\nand should hold\n${model.lines()}`;
    const foreign = linesOf(all.filter((route) => !isOurs(route) && SUBNETS.includes(route.dst)));
    if (foreign !== model.foreignLines()) return `of others there are\n${foreign}\nand were\n${model.foreignLines()}`;
    return model.isTidy ? this.leftOver(all) : '';
  }

  /** Nexthop objects of ours that nothing refers to. */
  private leftOver(routes: readonly { readonly nhid?: number }[]): string {
    const objects = this.testbed.topology.nexthops();
    const members = objects.flatMap(({ group }) => (group ?? []).map(({ id }) => id));
    const used = new Set([...routes.map(({ nhid }) => nhid), ...members]);
    const left = objects.filter(({ id, protocol }) => protocol === String(PROTOCOL) && !used.has(id));
    return left.length === 0 ? '' : `objects are left over: ${left.map(({ id }) => id)}`;
  }

  private async unread(model: Model): Promise<string> {
    if (!model.isRunning) return '';
    const { status, stdout } = await this.testbed.get('/status/node-routes');
    if (status !== 200) return `the status page says ${status}`;
    const { list, watch, nextHops } = JSON.parse(stdout) as {
      list: { state: string; version?: string; rollout: { state: string } };
      watch: { state: string; reason?: string };
      nextHops: { nextHop: string; state: string }[];
    };
    const isDown = (gateway: string) => nextHops.some(({ nextHop, state }) => nextHop === gateway && state === 'down');
    const missed = model.shunned.filter((gateway) => !isDown(gateway));
    if (missed.length > 0) return `${missed} should be down: ${JSON.stringify(nextHops)}`;
    if (list.state !== model.known) return `the list is ${JSON.stringify(list)} and should be ${model.known}`;
    if (!model.isApiUp) return this.isAway(watch.reason) ? '' : `the watch is ${JSON.stringify(watch)}`;
    if (watch.state !== 'connected') return `the watch is ${watch.state}`;
    const [stored] = this.testbed.cluster.api.store.list('onprem-link', 'static-routes');
    const isRead = list.version === stored?.metadata.resourceVersion;
    // What is not confirmed would be rolled back by an agent that ends, or without an API server.
    const isDone = list.rollout.state === 'settled' || (model.isWaiting && list.rollout.state === 'trial');
    if (isRead && list.state === 'accepted' && !isDone)
      return `the list is not confirmed: ${JSON.stringify(list.rollout)}`;
    return isRead ? '' : `the list is ${JSON.stringify(list)} and not the last one`;
  }

  /** An agent that has not met the refusal yet may go on as if there had been none. */
  private isAway(reason: string | undefined): boolean {
    return reason !== undefined && (this.refusal === undefined || reason.includes(`HTTP ${this.refusal}`));
  }
}

const hex = (byte: number) => byte.toString(16).padStart(2, '0');

/** Hears of every route that is deleted, also of one that is back before anybody looks. */
class RouteMonitor {
  private lines: string[] = [];
  private marks = 0;
  private process: ChildProcess | undefined;

  constructor(private readonly testbed: Testbed) {}

  /** Also after a storm of events, of which it may have lost some. */
  restart(): void {
    const { netns } = this.testbed.node;
    this.process?.kill('SIGKILL');
    this.lines = [];
    this.process = netns.lab.spawn('ip', ['-n', netns.name, '-N', 'monitor', 'route', 'neigh'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const { lines } = this;
    createInterface(this.process.stdout as Readable).on('line', (line) => lines.push(line));
  }

  /** Keys of our routes that were deleted since the last call. */
  async deleted(): Promise<string[]> {
    const marks: string[] = [];
    let end = -1;
    await waitFor('the monitor', QUICK_MS, async () => {
      marks.push(this.mark());
      await new Promise((resolve) => setTimeout(resolve, marks.length));
      end = this.lines.findIndex((line) => marks.some((mark) => line.includes(mark)));
      return end !== -1;
    });
    return this.lines.splice(0, end + 1).flatMap((line) => keyOfDeleted(line) ?? []);
  }

  /** Events come in order, so a neighbour of our making (the agent does not listen to those) ends what came before. */
  private mark(): string {
    const mark = `02:00:00:00:${hex(this.marks >> 8)}:${hex(this.marks++ & 255)}`;
    this.testbed.ip(`neigh replace 192.0.2.1 lladdr ${mark} dev priv nud permanent`);
    return mark;
  }
}

/** `Deleted 192.168.0.0/24 nhid 7 via 10.184.0.1 dev priv proto 142 metric 50` */
function keyOfDeleted(line: string): string | undefined {
  const [, subnet = ''] = /^Deleted (?:unicast )?(\S+) /.exec(line) ?? [];
  if (!line.includes(` proto ${PROTOCOL} `) || !subnet.includes('/')) return undefined;
  return `${subnet} ${/ metric (\d+)/.exec(line)?.[1] ?? 0}`;
}
