import type { Subnet } from '../../network';
import type { Child, Connection, RouterModel, Source } from '../../routers/read/model';
import { common } from './flow';

/** An IPsec SA that both ends agree on, from the view of one end. */
export interface Sa {
  readonly local: Subnet;
  readonly remote: Subnet;
  readonly child: Child;
  readonly proposal: string;
  readonly router: RouterModel;
  readonly peer: RouterModel;
}

/** Why two ends establish no SA, or none for a child. */
export interface Disagreement {
  readonly text: string;
  readonly remedy: string;
  readonly source: Source;
}

/** What prevents an IKE_SA between two ends; undefined if nothing does. */
function ikeTrouble({ connection: mine }: RouterModel, { connection: other }: RouterModel): Disagreement | undefined {
  const unreached = [mine, other].find((one) => !reaches(one, one === mine ? other : mine));
  if (unreached !== undefined) {
    const target = unreached === mine ? other : mine;
    return {
      text: `one end expects the other at ${unreached.remoteAddress}, but its address is ${target.localAddress}`,
      remedy: "write the other router's address",
      source: unreached,
    };
  }
  const ids = mine.localId === other.remoteId && mine.remoteId === other.localId;
  if (!ids)
    return {
      text: `identities differ: ${mine.localId} and ${mine.remoteId} here, ${other.remoteId} and ${other.localId} at the other end`,
      remedy: 'give both ends the same two identities',
      source: other,
    };
  if (!mine.proposals.some((one) => other.proposals.includes(one)))
    return {
      text: `IKE proposals differ: ${mine.proposals.join(', ')} here, ${other.proposals.join(', ')} at the other end`,
      remedy: 'give both ends the same proposal',
      source: other,
    };
  if (!mine.initiates && !other.initiates)
    return { text: 'neither end opens the tunnel', remedy: 'let one end start it', source: mine };
  return undefined;
}

/** A private address may be the one to which a cloud translates the public address; the files do not show that. */
function reaches(from: Connection, to: Connection): boolean {
  return from.remoteAddress === to.localAddress || PRIVATE.test(to.localAddress);
}

/** RFC 1918, RFC 6598 and RFC 4193. */
const PRIVATE = /^(?:10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|f[cd])/;

/**
 * The SAs of two ends, from the view of `router`. The initiator requests each of its children; the other end answers
 * with its best match, narrowed to what both have (RFC 7296, 2.9; ranked as in strongSwan's peer_cfg.c).
 */
export function sasOf(router: RouterModel, peer: RouterModel): Sa[] {
  if (ikeTrouble(router, peer) !== undefined) return [];
  const opened = openedBy(router, peer).map((sa) => ({ ...sa, child: sa.asked }));
  const asked = openedBy(peer, router).map((sa) => ({ ...sa, local: sa.remote, remote: sa.local, child: sa.answer }));
  return [...opened, ...asked].map(({ local, remote, child, proposal }) => ({
    local,
    remote,
    child,
    proposal,
    router,
    peer,
  }));
}

/** The SAs that one end requests, from its own view. */
function openedBy(opener: RouterModel, { children }: RouterModel) {
  return opener.children
    .filter(({ starts }) => starts)
    .flatMap((asked) => {
      const answer = answerTo(asked, children);
      const proposal = asked.proposals.find((one) => answer?.proposals.includes(one));
      if (answer === undefined || proposal === undefined) return [];
      const [local, remote] = [common(asked.local, answer.remote), common(asked.remote, answer.local)];
      return local === undefined || remote === undefined ? [] : [{ local, remote, asked, answer, proposal }];
    });
}

/** The other end's best matching child for a request; of equal matches, the first. */
function answerTo(asked: Child, children: readonly Child[]): Child | undefined {
  const score = (mine: Subnet, theirs: Subnet) =>
    mine.equals(theirs) ? 2 : common(mine, theirs) === undefined ? 0 : 1;
  let [best, most] = [undefined as Child | undefined, 0];
  for (const child of children) {
    const [local, remote] = [score(asked.remote, child.local), score(asked.local, child.remote)];
    if (local === 0 || remote === 0 || local + remote <= most) continue;
    [best, most] = [child, local + remote];
  }
  return best;
}

/** Why a child that is configured here has no SA that matches these packets. */
export function childTrouble(child: Child, router: RouterModel, peer: RouterModel): Disagreement {
  const ike = ikeTrouble(router, peer);
  if (ike !== undefined) return ike;
  const answer = answerTo(child, peer.children);
  if (answer === undefined)
    return {
      text: `the other end has no selector ${child.remote} ↔ ${child.local}`,
      remedy: 'configure the same pair of ranges at both ends',
      source: peer.connection,
    };
  if (!child.proposals.some((one) => answer.proposals.includes(one)))
    return {
      text: `ESP proposals differ: ${child.proposals.join(', ')} here, ${answer.proposals.join(', ')} at the other end`,
      remedy: 'give both ends the same proposal',
      source: answer,
    };
  if (!child.starts && !answer.starts)
    return {
      text: `neither end opens ${child.local} ↔ ${child.remote}`,
      remedy: 'let one end start it',
      source: child,
    };
  return {
    text: `the selector ${child.local} ↔ ${child.remote} is narrowed by the other end's ${answer.local} ↔ ${answer.remote}`,
    remedy: 'configure the same pair of ranges at both ends',
    source: answer,
  };
}
