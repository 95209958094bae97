import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { Pod } from '../lab/kubelet/pod';
import { PROTOCOL, type Testbed } from '../lab/testbed';
import { waitFor } from '../lab/wait';
import { type Content, isOurs, linesOf, type Model } from './model';

export const ROUTERS: Readonly<Record<4 | 6, readonly [string, string]>> = {
  4: ['10.184.0.1', '10.184.0.3'],
  6: ['fd00:184::1', 'fd00:184::3'],
};
export const SUBNETS = ['192.168.0.0/24', '192.168.1.0/24', '172.31.0.0/16', '2001:db8:a::/64', '2001:db8:b::/64'];
/** The agent's back-off may have grown while the API server was down. */
export const QUIET_MS = 45_000;
/** A watch that stayed open this long resets the agent's back-off. */
const STANDS_MS = 1_100;
/** Kernel events must be handled without waiting for the agent's periodic check, which runs every 30 s. */
export const QUICK_MS = 8_000;

/** The real node, cluster and agent that the commands act on. */
export class Real {
  pod: Pod | undefined;
  readonly steps: string[] = [];
  readonly monitor: RouteMonitor;
  /** The HTTP status of every answer of the API server, if it fails. */
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

  put(content: Content): void {
    if (content === 'gone') this.testbed.deleteList();
    else if ('list' in content) this.testbed.putList(content.list);
    else this.testbed.putText(`${content.bad}${' '.repeat(++this.bad)}`); // an unchanged text would cause no event
  }

  /** Takes the second router's private link down, or up again. */
  setSilent(isSilent: boolean): void {
    const [, router] = this.testbed.topology.routers;
    router?.netns.batch([
      `link set priv ${isSilent ? 'down' : 'up'}`,
      // The kernel removes this address when the link goes down.
      ...(isSilent ? [] : [`addr replace ${ROUTERS[6][1]}/64 dev priv nodad`]),
    ]);
  }

  /** @param refusal HTTP status of every answer. @default connections break, and new ones are refused */
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

  /** Ends the agent's watch. The agent must list before it watches again. */
  forgetHistory(model: Model): Promise<void> {
    return this.untilWatched(model, (api) => api.compact(true));
  }

  /** Waits until a new watch has stayed open long enough to end the agent's back-off, which would otherwise add up. */
  private async untilWatched({ isRunning }: Model, act: (api: Testbed['cluster']['api']) => void): Promise<void> {
    const { api } = this.testbed.cluster;
    const before = api.requested('watch').length;
    act(api);
    if (!isRunning) return;
    await waitFor('a new watch', QUIET_MS, () => api.requested('watch').length > before);
    await new Promise((resolve) => setTimeout(resolve, STANDS_MS));
  }

  /** Waits until agent and kernel are in the state of the model. */
  async untilQuiet(model: Model, ms: number): Promise<void> {
    let seen = '';
    try {
      await waitFor('agent and kernel to match the model', ms, async () => {
        seen = this.difference(model) || (await this.unread(model));
        return seen === '';
      });
      // Work that the agent has not finished must not change the result.
      await new Promise((resolve) => setTimeout(resolve, 30));
      await waitFor('agent and kernel to stay in step with the model', 2000, () => {
        seen = this.difference(model);
        return seen === '';
      });
    } catch (cause) {
      throw new Error(this.withSteps(seen), { cause });
    }
  }

  /** @throws if one of these routes of the agent was deleted since the last call, even for an instant */
  async expectNotDeleted(kept: readonly string[]): Promise<void> {
    const lost = (await this.monitor.deleted()).filter((key) => kept.includes(key));
    if (lost.length > 0) throw new Error(this.withSteps(`lost temporarily: ${lost.join(', ')}`));
  }

  /** Waits until the agent has read the latest list. */
  async untilRead(): Promise<void> {
    const [stored] = this.testbed.cluster.api.store.list('onprem-link', 'static-routes');
    await waitFor('the agent to read the list', QUIET_MS, async () => {
      const { stdout } = await this.testbed.get('/status/node-routes');
      return stdout !== '' && JSON.parse(stdout).list.version === stored?.metadata.resourceVersion;
    });
  }

  private withSteps(what: string): string {
    return `${what}\nafter these steps:\n${this.steps.join('\n')}`;
  }

  private difference(model: Model): string {
    const all = ([4, 6] as const).flatMap((family) => this.testbed.topology.routes(family));
    const ours = linesOf(all.filter(isOurs));
    if (ours !== model.lines()) return `the kernel holds\n${ours}\nbut should hold\n${model.lines()}`;
    const foreign = linesOf(all.filter((route) => !isOurs(route) && SUBNETS.includes(route.dst)));
    if (foreign !== model.foreignLines())
      return `the foreign routes are\n${foreign}\nbut should be\n${model.foreignLines()}`;
    return model.removesUnused ? this.leftOver(all) : '';
  }

  /** The agent's nexthop objects that no route uses. */
  private leftOver(routes: readonly { readonly nhid?: number }[]): string {
    const objects = this.testbed.topology.nexthops();
    const members = objects.flatMap(({ group }) => (group ?? []).map(({ id }) => id));
    const used = new Set([...routes.map(({ nhid }) => nhid), ...members]);
    const left = objects.filter(({ id, protocol }) => protocol === String(PROTOCOL) && !used.has(id));
    return left.length === 0 ? '' : `unused nexthop objects: ${left.map(({ id }) => id)}`;
  }

  private async unread(model: Model): Promise<string> {
    if (!model.isRunning) return '';
    const { status, stdout } = await this.testbed.get('/status/node-routes');
    if (status !== 200) return `the status page returns ${status}`;
    const { list, watch, nextHops } = JSON.parse(stdout) as {
      list: { state: string; version?: string; rollout: { state: string } };
      watch: { state: string; reason?: string };
      nextHops: { nextHop: string; state: string }[];
    };
    const isDown = (gateway: string) => nextHops.some(({ nextHop, state }) => nextHop === gateway && state === 'down');
    const missed = model.markedDown.filter((gateway) => !isDown(gateway));
    if (missed.length > 0) return `${missed} should be down: ${JSON.stringify(nextHops)}`;
    if (list.state !== model.known) return `the list is ${JSON.stringify(list)} but should be ${model.known}`;
    if (!model.isApiUp) return this.isAway(watch.reason) ? '' : `the watch is ${JSON.stringify(watch)}`;
    if (watch.state !== 'connected') return `the watch is ${watch.state}`;
    const [stored] = this.testbed.cluster.api.store.list('onprem-link', 'static-routes');
    const isRead = list.version === stored?.metadata.resourceVersion;
    // An unconfirmed list would be rolled back if the agent ended or lost the API server.
    const isDone = list.rollout.state === 'settled' || (model.isWaiting && list.rollout.state === 'trial');
    if (isRead && list.state === 'accepted' && !isDone)
      return `the list is not confirmed: ${JSON.stringify(list.rollout)}`;
    return isRead ? '' : `the list is ${JSON.stringify(list)} but not the latest one`;
  }

  /** If the agent has not noticed the failure yet, its reason is still empty or that of an earlier one. */
  private isAway(reason: string | undefined): boolean {
    return reason !== undefined && (this.refusal === undefined || reason.includes(`HTTP ${this.refusal}`));
  }
}

const hex = (byte: number) => byte.toString(16).padStart(2, '0');

/** Records every deletion of a route, even if the route is restored at once. */
class RouteMonitor {
  private lines: string[] = [];
  private marks = 0;
  private process: ChildProcess | undefined;

  constructor(private readonly testbed: Testbed) {}

  /** Starts the monitor, or restarts it after a burst of events of which it may have lost some. */
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

  /** The keys of the agent's routes that were deleted since the last call. */
  async deleted(): Promise<string[]> {
    const marks: string[] = [];
    let end = -1;
    await waitFor('the monitor to catch up', QUICK_MS, async () => {
      marks.push(this.mark());
      await new Promise((resolve) => setTimeout(resolve, marks.length));
      end = this.lines.findIndex((line) => marks.some((mark) => line.includes(mark)));
      return end !== -1;
    });
    return this.lines.splice(0, end + 1).flatMap((line) => keyOfDeleted(line) ?? []);
  }

  /** Adds a neighbour entry, which the agent ignores. Events arrive in order, so its event ends all earlier ones. */
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
