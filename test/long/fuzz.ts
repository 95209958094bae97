import { createContext, Script } from 'node:vm';
import fc from 'fast-check';
import { runs, SEED } from './budget';

export const RUNS = runs(100_000);
/** Of this many inputs, fast-check makes one; the others are copies with some bytes changed, which is much faster. */
export const VARIANTS = 25;
/** A whole number: fast-check never ends if numRuns has a fraction. */
export const INPUTS = Math.ceil(RUNS / VARIANTS);
/** Every input takes a few milliseconds, on a busy machine up to a second. */
export const ENDLESS_MS = 5_000;

export class Endless extends Error {
  override readonly message = `did not finish within ${ENDLESS_MS / 1000} s`;
}

const arena = createContext({});
const script = new Script('body()');

/** Runs the body under V8's own watchdog, which also interrupts loops that block jest's timers. */
function watched(body: () => void): void {
  try {
    script.runInContext(Object.assign(arena, { body }), { timeout: 2 * ENDLESS_MS });
  } catch (error) {
    throw (error as { code?: string }).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT' ? new Endless() : error;
  }
}

/** The result, or undefined after an expected error. Any other error fails the property. */
export function attempt<T>(read: () => T, ...expected: readonly (new (...args: never[]) => Error)[]): T | undefined {
  try {
    return read();
  } catch (error) {
    if (expected.some((kind) => error instanceof kind)) return undefined;
    throw error;
  }
}

/** The bytes, and copies with bytes overwritten, duplicated or removed at random places. */
function* variants(bytes: Buffer, seed: number): Generator<Buffer> {
  let state = seed | 1;
  const next = (below: number) => {
    state ^= state << 13; // xorshift32
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % Math.max(1, below);
  };
  yield bytes;
  for (let made = 1; made < VARIANTS; made++) {
    let now = Buffer.from(bytes);
    for (let changes = next(4); changes >= 0 && now.length > 0; changes--) {
      const at = next(now.length);
      const kind = next(4);
      if (kind === 0) now = Buffer.concat([now.subarray(0, at), now.subarray(at + 1 + next(8))]);
      else if (kind === 1) now = Buffer.concat([now.subarray(0, at), now.subarray(next(at + 1))]);
      else now[at] = kind === 2 ? next(256) : (bytes[next(bytes.length)] as number);
    }
    yield now;
  }
}

/** Generates inputs, checks each with its variants, and reports the bytes that fail or hang. */
export function fuzz(inputs: fc.Arbitrary<Buffer>, check: (bytes: Buffer, seed: number) => void): void {
  let now: Buffer = Buffer.alloc(0);
  let isEndless = false;
  const body = (bytes: Buffer, seed: number) => {
    for (const variant of variants(bytes, seed)) {
      now = variant;
      check(variant, seed);
    }
  };
  const property = fc.property(inputs, fc.nat(), (bytes, seed) => {
    if (isEndless) return; // each attempt to shrink it would wait for the watchdog
    try {
      watched(() => body(bytes, seed));
    } catch (cause) {
      isEndless = cause instanceof Endless;
      throw new Error(`with the bytes ${now.toString('base64')} (seed ${seed})`, { cause });
    }
  });
  fc.assert(property, { seed: SEED, numRuns: INPUTS });
}
