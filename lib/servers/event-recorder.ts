import { type ProbedService, serviceKey } from '../network';
import type { ApiObject, Objects } from '../program/api/objects';

/** The most events of one Service within a period. A flapping server is already limited by its pauses. */
const MOST_OF_SERVICE = 20;
const PERIOD_MS = 600_000;

interface Clock {
  now(): number;
  date(): Date;
}

interface Reporter {
  readonly component: string;
  readonly instance: string;
}

/** Writes events on Services, where `kubectl describe service` shows them. */
export class EventRecorder {
  private readonly recent = new Map<string, number[]>();
  private readonly services = new Map<string, ApiObject>();
  private number = 0;

  constructor(
    private readonly objects: Objects,
    private readonly reporter: Reporter,
    private readonly clock: Clock,
    private readonly onFailure: (error: Error) => void,
  ) {}

  /** An event that cannot be written is logged and dropped. */
  async record(service: ProbedService, type: 'Normal' | 'Warning', reason: string, message: string): Promise<void> {
    if (!this.isWithinBounds(serviceKey(service))) return;
    try {
      await this.write(service, type, reason, message);
    } catch (error) {
      this.services.delete(serviceKey(service)); // the Service may have been replaced
      this.onFailure(error as Error);
    }
  }

  private isWithinBounds(key: string): boolean {
    const now = this.clock.now();
    const recent = (this.recent.get(key) ?? []).filter((time) => now - time < PERIOD_MS);
    this.recent.set(key, recent);
    return recent.length < MOST_OF_SERVICE && recent.push(now) > 0;
  }

  private async write(service: ProbedService, type: string, reason: string, message: string): Promise<void> {
    const { namespace, name } = service;
    const { uid } = (await this.find(service))?.metadata ?? {};
    const time = this.clock
      .date()
      .toISOString()
      .replace(/\.\d+Z$/, 'Z');
    await this.objects.create(`/api/v1/namespaces/${namespace}/events`, {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { namespace, name: `${name}.${this.reporter.instance}.${++this.number}` },
      involvedObject: { apiVersion: 'v1', kind: 'Service', namespace, name, ...(uid !== undefined && { uid }) },
      type,
      reason,
      message,
      source: { component: this.reporter.component, host: this.reporter.instance },
      reportingComponent: this.reporter.component,
      reportingInstance: this.reporter.instance,
      count: 1,
      firstTimestamp: time,
      lastTimestamp: time,
    });
  }

  private async find(service: ProbedService): Promise<ApiObject | undefined> {
    const key = serviceKey(service);
    const known = this.services.get(key);
    if (known !== undefined) return known;
    const found = await this.objects.get(`/api/v1/namespaces/${service.namespace}/services/${service.name}`);
    if (found !== undefined) this.services.set(key, found);
    return found;
  }
}
