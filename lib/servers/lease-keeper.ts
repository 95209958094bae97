import { type ApiObject, ConflictError, type Objects } from '../program/api/objects';
import { isAlive, isFree, LEASE_MS, type LeaseRecord, type LeaseView, type Term, termOf, viewOf } from './decide/lease';
import { ensure, replace } from './guarded';

export interface LeaseName {
  readonly namespace: string;
  readonly name: string;
}

interface LeaseSpec {
  readonly holderIdentity?: string | null;
  readonly leaseTransitions?: number | null;
}

/** Clocks: the steady one is used for decisions, the time of day only for people. */
export interface Clock {
  now(): number;
  date(): Date;
}

type Notes = Readonly<Record<string, string>>;

/** One replica's view of a Lease (coordination.k8s.io/v1), and its hold on it. */
export class LeaseKeeper {
  private view: LeaseView | undefined;
  private read: ApiObject | undefined;
  private held: Term | undefined;
  private acquired: string | undefined;
  private readonly path: string;

  constructor(
    private readonly objects: Objects,
    private readonly lease: LeaseName,
    readonly me: string,
    private readonly clock: Clock,
  ) {
    this.path = `/apis/coordination.k8s.io/v1/namespaces/${lease.namespace}/leases/${lease.name}`;
  }

  /** The right to act, if this replica has it at this moment. Check it before every write. */
  get term(): Term | undefined {
    return this.held !== undefined && this.clock.now() < this.held.until ? this.held : undefined;
  }

  /** The holder; undefined if no replica renews it. */
  get holder(): string | undefined {
    return this.view !== undefined && isAlive(this.view, this.clock.now()) ? this.view.record.holder : undefined;
  }

  /** The holder's notes. */
  get notes(): Notes {
    return this.read?.metadata.annotations ?? {};
  }

  /** How many holders there were before this one. */
  get transitions(): number {
    return this.view?.record.transitions ?? 0;
  }

  /** Only reads it. */
  async look(): Promise<void> {
    const object = await this.objects.get(this.path);
    if (object === undefined) this.forget();
    else this.take(object);
  }

  /** Renews it, or acquires it if it is free. @param notes for the other replicas to read */
  async hold(notes: Notes): Promise<void> {
    if (this.held === undefined || this.view === undefined) await this.look();
    if (this.view === undefined) this.take(await ensure(this.objects, this.path, this.shell()));
    const view = this.view as LeaseView | undefined;
    if (view !== undefined && isFree(view, this.me, this.clock.now())) await this.write(this.me, view.record, notes);
  }

  /** Releases it, so that another replica need not wait. */
  async release(): Promise<void> {
    const { held, view } = this;
    this.held = undefined;
    if (held !== undefined && view?.record.holder === this.me) await this.write('', view.record, {});
  }

  private async write(holder: string, before: LeaseRecord, notes: Notes): Promise<void> {
    const asked = this.clock.now();
    const isNew = holder !== before.holder && holder !== '';
    const transitions = before.transitions + (isNew ? 1 : 0);
    const time = `${this.clock.date().toISOString().slice(0, -1)}000Z`; // MicroTime
    if (isNew || this.acquired === undefined) this.acquired = time;
    const spec = {
      holderIdentity: holder,
      leaseDurationSeconds: LEASE_MS / 1000,
      acquireTime: this.acquired,
      renewTime: time,
      leaseTransitions: transitions,
    };
    try {
      const body = { ...this.shell(), spec };
      const written = { ...body, metadata: { ...body.metadata, annotations: notes } };
      this.take(await replace(this.objects, this.path, written, this.read as ApiObject));
      if (holder === this.me) this.held = termOf({ ...before, transitions }, asked);
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
      // Another replica was first, or our own write arrived but its answer was lost: the record shows which.
      await this.look();
    }
  }

  private take(object: ApiObject): void {
    const { holderIdentity, leaseTransitions } = (object.spec ?? {}) as LeaseSpec;
    const record = {
      holder: holderIdentity ?? '',
      transitions: leaseTransitions ?? 0,
      version: object.metadata.resourceVersion ?? '',
    };
    this.read = object;
    this.view = viewOf(record, this.view, this.clock.now());
    if (record.holder !== this.me) this.held = undefined;
  }

  private forget(): void {
    this.read = undefined;
    this.view = undefined;
    this.held = undefined;
  }

  private shell(): ApiObject {
    const { namespace, name } = this.lease;
    return { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name, namespace } };
  }
}
