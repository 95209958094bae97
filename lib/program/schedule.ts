/** FNV-1a, 32 bits: cheap, and it spreads names that differ in one letter. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  // Mixes the last letter into the upper bits (MurmurHash3's finaliser).
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}

/**
 * The offset within the interval at which a server is probed, so that probes are spread evenly. @returns 0 to below
 * `every`
 */
export function phaseOf(key: string, every: number): number {
  return (hash(key) / 2 ** 32) * every;
}

/**
 * The time of a server's next probe: strictly after `now`, and always at the server's own phase, even if the last probe
 * was late.
 */
export function nextProbe(phase: number, every: number, now: number): number {
  const beat = Math.floor((now - phase) / every) + 1;
  return phase + beat * every;
}
