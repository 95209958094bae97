import type { Probe } from '../../network';
import type { ProbeResult } from '../decide/health';
import { type Attempt, attempt } from './attempt';
import { Places } from './places';

/** How one probe went: its result, and how many connections it took. */
export interface Probed {
  readonly result: ProbeResult;
  readonly attempts: number;
}

export interface Patience {
  /** For the whole probe. */
  readonly timeoutMs: number;
  /**
   * Whether silence is answered with further connections until the time is over: where packets are lost, the first one of
   * some gets through. Any other answer counts at once.
   */
  readonly isPersistent: boolean;
}

/** Linux repeats a lost SYN after 1 s, too late for a probe of 2 s. */
const REPEAT_MS = 200;
const MOST_ATTEMPTS = 10;

/** A handshake takes milliseconds of the processor and much memory; without TLS there is next to nothing to do. */
const HANDSHAKES = new Places(64);
const PLAIN = new Places(512);

/** Asks a server once whether it works: at once, or when the probes before it have made room. Never rejects. */
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
