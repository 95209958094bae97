import type { Family, ProbedService } from '../network';
import { serviceKey } from '../network';
import type { ApiObject, Objects } from '../program/api/objects';
import {
  addressesOf,
  isFromGit,
  isOwnSlice,
  ownerPath,
  readinessIn,
  sliceBody,
  slicePath,
  sliceShell,
  slicesPath,
} from './decide/slice';
import { ensure, replace } from './guarded';

/** The content of a slice when this leader first read it; undefined if there was none. */
export type Standing = ReadonlyMap<string, boolean> | undefined;

export interface SliceSource {
  /** Identifies the leader and its term; undefined if this replica is not the leader at this moment. */
  term(): string | undefined;
  service(key: string): ProbedService | undefined;
  /** The state at the beginning of a term, before anything is written. */
  adopt(key: string, standing: Standing): void;
  /** The addresses that get new connections. */
  ready(key: string): ReadonlySet<string>;
}

/** What this replica knows about one slice. */
interface Known {
  readonly term: string;
  object: ApiObject | undefined;
  /** What was written last. */
  text: string | undefined;
  owner: ApiObject | undefined;
}

const FAMILIES = [4, 6] as const;

/** Keeps the EndpointSlices of each Service up to date while this replica is the leader. */
export class SliceWriter {
  private readonly known = new Map<string, Known>();
  /** The term at whose beginning the servers of a Service took on their current state. */
  private readonly adopted = new Map<string, string>();
  /** Services whose slices from Git are gone, by the settings that asked for this. */
  private readonly replaced = new Map<string, ProbedService>();
  writes = 0;

  constructor(
    private readonly objects: Objects,
    private readonly source: SliceSource,
  ) {}

  /**
   * @throws ApiError if the API server does not answer or rejects the request, Error while the owner is missing. Retry
   * both.
   */
  async sync(key: string): Promise<void> {
    const service = this.source.service(key);
    const term = this.source.term();
    if (service === undefined) this.forget(key);
    if (service === undefined || term === undefined) return;
    try {
      const known = await Promise.all(FAMILIES.map((family) => this.look(service, family, term)));
      if (this.adopted.get(key) !== term) this.source.adopt(key, standingOf(known));
      this.adopted.set(key, term);
      for (const family of FAMILIES) await this.write(service, family, term);
      if (this.source.term() === term) await this.deleteReplaced(service);
    } catch (error) {
      for (const family of FAMILIES) this.known.delete(keyOf(service, family));
      throw error;
    }
  }

  /** Reads a slice again and restores it if it was changed or deleted. */
  async verify(key: string): Promise<void> {
    const service = this.source.service(key);
    if (service === undefined) return;
    for (const family of FAMILIES) {
      const known = this.known.get(keyOf(service, family));
      if (known === undefined) continue;
      const object = await this.objects.get(slicePath(service, family));
      if (object?.metadata.resourceVersion === known.object?.metadata.resourceVersion) continue;
      known.object = object;
      known.text = undefined;
    }
    await this.sync(key);
  }

  /** Forgets a Service that is no longer probed; its slices are deleted with their owner. */
  private forget(key: string): void {
    for (const slice of this.known.keys()) if (slice.startsWith(`${key} `)) this.known.delete(slice);
    this.adopted.delete(key);
    this.replaced.delete(key);
  }

  private async look(service: ProbedService, family: Family, term: string): Promise<Known> {
    const key = keyOf(service, family);
    const before = this.known.get(key);
    if (before?.term === term) return before;
    const object = await this.objects.get(slicePath(service, family));
    const known = { term, object, text: undefined, owner: undefined };
    this.known.set(key, known);
    return known;
  }

  private async write(service: ProbedService, family: Family, term: string): Promise<void> {
    const path = slicePath(service, family);
    const known = this.known.get(keyOf(service, family)) as Known;
    if (addressesOf(service, family).length === 0) {
      if (known.object !== undefined && isOwnSlice(known.object)) await this.objects.delete(path, known.object);
      known.object = undefined;
      return;
    }
    const owner = await this.ownerOf(service, known);
    known.object ??= await ensure(this.objects, path, sliceShell(service, family, owner));
    const body = sliceBody(service, family, owner, this.source.ready(serviceKey(service)), term);
    const text = JSON.stringify(body);
    if (text === known.text) return;
    // Checked last before sending, because another replica may be the leader by now.
    if (this.source.term() !== term) return;
    known.object = await replace(this.objects, path, body, known.object);
    known.text = text;
    this.writes++;
  }

  /** Read once for each slice that is written for the first time. */
  private async ownerOf(service: ProbedService, known: Known): Promise<ApiObject> {
    if (known.owner !== undefined && known.text !== undefined) return known.owner;
    const path = ownerPath(service);
    const owner = await this.objects.get(path);
    if (owner === undefined)
      throw new Error(`there is no ConfigMap ${path.split('/').at(-1)} yet, which owns the slices`);
    known.owner = owner;
    return owner;
  }

  /**
   * Deletes slices that came from Git, now that the program's own exist. GitOps keeps them until then
   * (docs/server-health.md).
   */
  private async deleteReplaced(service: ProbedService): Promise<void> {
    const key = serviceKey(service);
    if (this.replaced.get(key) === service) return;
    for (const name of service.replaces) {
      const path = `${slicesPath(service.namespace)}/${name}`;
      const object = await this.objects.get(path);
      if (object !== undefined && isFromGit(object)) await this.objects.delete(path, object);
    }
    this.replaced.set(key, service);
  }
}

const keyOf = (service: ProbedService, family: Family): string => `${serviceKey(service)} ${family}`;

function standingOf(known: readonly Known[]): Standing {
  const objects = known.flatMap(({ object }) => object ?? []);
  return objects.length === 0 ? undefined : new Map(objects.flatMap((object) => [...readinessIn(object)]));
}
