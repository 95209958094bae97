import type { Probe } from '../../network';
import type { ProbeResult } from '../decide/health';
import { type Attempt, attempt } from './attempt';
import { Places } from './places';

/** The outcome of one probe: its result, and how many connections it used. */
export interface Probed {
  readonly result: ProbeResult;
  readonly attempts: number;
}

export interface Patience {
  /** Timeout of the whole probe. */
  readonly timeoutMs: number;
  /**
   * Whether to open further connections until the timeout if there is no answer: if packets are lost, one of several
   * first packets gets through. Any other answer counts at once.
   */
  readonly isPersistent: boolean;
}

/** Linux retransmits a lost SYN after 1 s, which is too late for a 2 s probe. */
const REPEAT_MS = 200;
const MOST_ATTEMPTS = 10;

/** A handshake takes milliseconds of CPU time and much memory; without TLS, the cost is negligible. */
const HANDSHAKES = new Places(64);
const PLAIN = new Places(512);

/** Probes a server once: at once, or when earlier probes have made room. The promise never rejects. */
export async function probe(address: string, what: Probe, { timeoutMs, isPersistent }: Patience): Promise<Probed> {
  const places = what.tls === undefined ? PLAIN : HANDSHAKES;
  await places.enter();
  const repeatMs = Math.max(REPEAT_MS, timeoutMs / MOST_ATTEMPTS);
  const open: Attempt[] = [];
  const timers: NodeJS.Timeout[] = [];
  const result = await new Promise<ProbeResult>((resolve) => {
    const open1 = () => {
      const next = attempt(address, what);
      open.push(next);
      void next.result.then((ended) => ended !== undefined && resolve(ended));
    };
    open1();
    timers.push(setTimeout(() => resolve({ ok: false, reason: silence(timeoutMs) }), timeoutMs));
    if (isPersistent) timers.push(setInterval(() => places.enterAgain() && open1(), repeatMs));
  });
  for (const timer of timers) clearInterval(timer);
  for (const one of open) {
    one.cancel();
    places.leave();
  }
  return { result, attempts: open.length };
}

const silence = (timeoutMs: number): string => `no answer within ${timeoutMs / 1000} s`;
