import { type ProbedService, serviceKey } from '../network';
import type { Log } from '../program/log';
import type { EventRecorder } from './event-recorder';
import type { Change, Changes, Watched } from './roster';

/** Reports changes: in the log of both replicas, and in events from the leader. */
export class ChangeReport {
  private wasEverythingDown = false;

  constructor(
    private readonly log: Log,
    private readonly events: Pick<EventRecorder, 'record'>,
  ) {}

  changed({ service, selection }: Watched, { servers, mode }: Changes, isLeader: boolean): void {
    for (const change of servers) this.server(change, isLeader);
    if (mode === undefined) return;
    const text = modeText(service, mode, selection.ready.size);
    this.log(isLeader && mode === 'panic' ? 'warn' : 'info', `service.${mode}`, `${serviceKey(service)}: ${text}`);
    if (isLeader) void this.events.record(service, mode === 'normal' ? 'Normal' : 'Warning', MODE_REASONS[mode], text);
  }

  private server({ service, address, mark, health }: Change, isLeader: boolean): void {
    const name = nameOf(service, address);
    const text = mark === 'up' ? `${name} is up` : `${name} is down: ${health.reason ?? 'no reason known'}`;
    const details = { service: serviceKey(service), server: address };
    if (!isLeader) {
      this.log('debug', `server.${mark}`, text, details);
      return;
    }
    this.log(mark === 'up' ? 'info' : 'warn', `server.${mark}`, text, details);
    const [type, reason] = mark === 'up' ? (['Normal', 'ServerUp'] as const) : (['Warning', 'ServerDown'] as const);
    void this.events.record(service, type, reason, text);
  }

  /** No server answers, so the problem is on the path to them. */
  everything(isDown: boolean): void {
    if (isDown === this.wasEverythingDown) return;
    this.wasEverythingDown = isDown;
    if (isDown)
      this.log(
        'error',
        'servers.unreachable',
        'no server answers, so the network path has probably failed; no server is marked down',
      );
    else this.log('info', 'servers.reachable', 'servers answer again');
  }
}

const MODE_REASONS = { normal: 'ServersUp', early: 'ServersHeld', panic: 'AllServersDown' } as const;

function modeText({ servers, panicThreshold }: ProbedService, mode: keyof typeof MODE_REASONS, ready: number): string {
  if (mode === 'normal') return `enough servers are up again; ${ready} of ${servers.size} get connections`;
  const few = panicThreshold === 1 ? 'no server is up' : `fewer than ${panicThreshold} servers are up`;
  if (mode === 'early') return `${few}, so those that answer again get connections before their pause is over`;
  return `${few}, so all ${servers.size} get connections`;
}

/** The on-premise address first, because that is what people look for. */
function nameOf({ servers }: ProbedService, address: string): string {
  const real = servers.get(address) ?? address;
  return real === address ? real : `${real} (${address} in the cluster)`;
}
