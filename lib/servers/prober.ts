import { type ProbedService, serviceKey } from '../network';
import { onBeat } from '../program/beat';
import type { Probed } from './probe/probe';

export type Ask = (service: ProbedService, address: string) => Promise<Probed>;
export type OnResult = (key: string, address: string, probed: Probed) => void;

/** Probes every server on its own schedule. */
export class Prober {
  private readonly loops = new Map<string, { readonly service: ProbedService; stop: () => void }>();

  constructor(
    /** Is part of the phases, so that replicas probe at different times. */
    private readonly replica: string,
    private readonly ask: Ask,
    private readonly onResult: OnResult,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Keeps probing what has not changed. */
  setList(services: readonly ProbedService[]): void {
    const wanted = new Set<string>();
    for (const service of services)
      for (const address of service.servers.keys()) {
        const id = `${serviceKey(service)}/${address}`;
        wanted.add(id);
        const loop = this.loops.get(id);
        if (loop?.service === service) continue;
        loop?.stop();
        this.loops.set(id, { service, stop: this.start(service, address, id) });
      }
    for (const [id, { stop }] of this.loops) {
      if (wanted.has(id)) continue;
      stop();
      this.loops.delete(id);
    }
  }

  stop(): void {
    this.setList([]);
  }

  private start(service: ProbedService, address: string, id: string): () => void {
    const key = serviceKey(service);
    const probe = async (isStopped: () => boolean) => {
      const probed = await this.ask(service, address);
      if (!isStopped()) this.onResult(key, address, probed);
    };
    return onBeat(`${this.replica}/${id}`, service.everyMs, probe, this.now);
  }
}
