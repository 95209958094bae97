import type { Objects } from '../program/api/objects';
import type { Term } from './decide/lease';
import { type Opinion, type OtherOpinion, opinionIn, opinionNotes } from './decide/opinion';
import { type Clock, LeaseKeeper } from './lease-keeper';

interface LeaseNames {
  readonly namespace: string;
  readonly lease: string;
  readonly standbyLease: string;
}

/**
 * Which replica leads, and which gives the second opinion: one Lease for each role. A replica that holds neither waits,
 * as a third one does during a rolling update. Each replica writes its opinion into its lease, so that the replicas
 * need no connection to each other.
 */
export class Turns {
  readonly leader: LeaseKeeper;
  readonly standby: LeaseKeeper;
  /** The other replica's opinion. */
  other: OtherOpinion = 'unknown';

  constructor(
    objects: Objects,
    { namespace, lease, standbyLease }: LeaseNames,
    readonly me: string,
    clock: Clock,
  ) {
    this.leader = new LeaseKeeper(objects, { namespace, name: lease }, me, clock);
    this.standby = new LeaseKeeper(objects, { namespace, name: standbyLease }, me, clock);
  }

  get term(): Term | undefined {
    return this.leader.term;
  }

  /** One round; repeat it every few seconds. @throws ApiError if the API server does not answer */
  async take(opinion: Opinion): Promise<void> {
    try {
      const notes = opinionNotes(opinion);
      await this.leader.hold(notes);
      if (this.leader.term === undefined) await this.standby.hold(notes);
      else await this.lookAtStandby();
      this.other = this.opinionOf(this.leader.term === undefined ? this.leader : this.standby);
    } catch (error) {
      this.other = 'unknown';
      throw error;
    }
  }

  private async lookAtStandby(): Promise<void> {
    if (this.standby.term !== undefined) await this.standby.release();
    await this.standby.look();
  }

  private opinionOf(keeper: LeaseKeeper): OtherOpinion {
    const { holder } = keeper;
    return holder === undefined || holder === this.me ? 'none' : opinionIn(keeper.notes);
  }

  /** Releases what it holds, so that another replica need not wait. */
  async end(): Promise<void> {
    await Promise.allSettled([this.leader.release(), this.standby.release()]);
  }
}
