import { counted, printable } from '../page/page';
import { type Sample, samplesIn } from './metrics';

/** The answer of one replica of the server health program, or the reason why there is none. */
export interface HealthAnswer {
  readonly namespace: string;
  readonly pod: string;
  readonly status: ServerHealthStatus | { readonly error: string };
}

/** What its /metrics report. */
export interface ServerHealthStatus {
  readonly leads: boolean;
  /** Whether no server answers at all. Then none is marked down. */
  readonly everythingDown: boolean;
  readonly services: readonly ServiceHealth[];
}

interface ServiceHealth {
  /** `namespace/service` */
  readonly name: string;
  readonly up: number;
  readonly all: number;
  readonly mode: string;
  /** Servers that are not up: `10.0.1.10 down: connection refused`. */
  readonly troubles: readonly string[];
}

/** Reads Prometheus' text format. @throws if it is not the metrics page of the server health program. */
export function readServerHealth(text: string): ServerHealthStatus {
  const samples = samplesIn(text);
  const all = (name: string) => samples.filter((sample) => sample.name === `health_${name}`);
  const [leader] = all('leader');
  if (leader === undefined) throw new Error('the program that answers on the port is not the server health program');
  const of = (name: string, service: string) => all(name).filter((sample) => serviceOf(sample) === service);
  const services = all('service_servers').map((sample): ServiceHealth => {
    const name = serviceOf(sample);
    const reasons = new Map(of('server_trouble', name).map(({ labels }) => [labels.real, labels.reason]));
    const bad = of('server_state', name).filter(({ labels, value }) => value === 1 && labels.state !== 'up');
    return {
      name,
      up: of('service_servers_up', name)[0]?.value ?? 0,
      all: sample.value,
      mode: of('service_mode', name).find(({ value }) => value === 1)?.labels.mode ?? 'normal',
      troubles: bad.map(
        ({ labels }) => `${labels.real} ${labels.state}: ${reasons.get(labels.real) ?? 'no reason known'}`,
      ),
    };
  });
  return { leads: leader.value === 1, everythingDown: all('everything_down')[0]?.value === 1, services };
}

const serviceOf = ({ labels }: Sample): string => `${labels.service_namespace}/${labels.service}`;

const MODES: Readonly<Record<string, string>> = {
  panic: '; too few, so all of them get connections',
  early: '; too few, so those that answer again get connections before their pause ends',
};

/** A summary line, then a line for each Service in trouble; nothing if the program is not installed. */
export function serverHealthLines(answers: readonly HealthAnswer[]): string[] {
  if (answers.length === 0) return [];
  const said = answers.flatMap(({ status }) => ('error' in status ? [] : [status]));
  const leader = said.find(({ leads }) => leads);
  if (leader === undefined) return [`servers: no replica of the server health program is the leader${silent(answers)}`];
  const { services, everythingDown } = leader;
  const servers = services.reduce((sum, { all }) => sum + all, 0);
  const up = services.reduce((sum, service) => sum + service.up, 0);
  return [
    `servers: ${up} of ${servers} up in ${counted(services.length, 'Service')}${everythingDown ? '; none answers, so the network path to them has probably failed' : ''}`,
    ...services.filter(({ troubles }) => troubles.length > 0).map(troubleLine),
  ].map(printable);
}

/**
 * Whether the program has a leader that reaches servers, and no Service is in panic. Also true if the program is not
 * installed.
 */
export function areServersHealthy(answers: readonly HealthAnswer[]): boolean {
  const leader = answers.flatMap(({ status }) => ('error' in status || !status.leads ? [] : [status]))[0];
  if (answers.length === 0) return true;
  return leader !== undefined && !leader.everythingDown && leader.services.every(({ mode }) => mode !== 'panic');
}

function silent(answers: readonly HealthAnswer[]): string {
  const [first] = answers.flatMap(({ status }) => ('error' in status ? [status.error] : []));
  return first === undefined ? '' : `: ${first}`;
}

function troubleLine({ name, up, all, mode, troubles }: ServiceHealth): string {
  return `       ${name}: ${up} of ${all} up${MODES[mode] ?? ''}; ${troubles.join(', ')}`;
}
