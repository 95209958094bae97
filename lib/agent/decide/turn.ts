import crypto = require('node:crypto');

/**
 * When it is a node's turn to apply a changed list: spread evenly over the time by the hash of its name, so that the same
 * nodes are always the first and no two clocks have to agree.
 * @param overMs the time for all nodes together, in milliseconds.
 * @returns milliseconds from the moment the node sees the list, at least 0 and less than `overMs`.
 */
export function turnOf(nodeName: string, overMs: number): number {
  const share = crypto.hash('sha256', nodeName, 'buffer').readUInt32BE(0) / 2 ** 32;
  return Math.floor(share * overMs);
}
