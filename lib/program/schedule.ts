/** FNV-1a, 32 bits: cheap, and spreads names that differ by one letter. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  // The last letter must reach the upper bits (MurmurHash3's finaliser).
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}

/** Where in its interval a server is probed, so that the probes of many spread. @returns 0 to below `every` */
export function phaseOf(key: string, every: number): number {
  return (hash(key) / 2 ** 32) * every;
}

/** When a server is probed next: strictly after `now`, on its own beat, however late the last one was. */
export function nextProbe(phase: number, every: number, now: number): number {
  const beat = Math.floor((now - phase) / every) + 1;
  return phase + beat * every;
}
