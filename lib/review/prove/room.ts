import type { Family } from '../../network';

/** The MTU that every link is assumed to have; only the network team knows narrower links. */
export const LINK_MTU = 1500;

/** Size of the integrity check value in bytes, by hash (RFC 4868). */
const INTEGRITY: Readonly<Record<string, number>> = { sha256: 16, sha384: 24, sha512: 32 };

/**
 * The largest packet that fits through the tunnel without fragmentation: ESP in tunnel mode (RFC 4303), in UDP because
 * there may be a NAT between the routers (RFC 3948).
 * @param esp `aes256gcm - 20`
 */
export function roomIn(esp: string, outerFamily: Family): number {
  const [cipher = '', hash = ''] = esp.split(' ');
  const isGcm = /gcm/.test(cipher);
  const header = outerFamily === 4 ? 20 : 40;
  const [udp, espHeader] = [8, 8];
  const around = header + udp + espHeader + (isGcm ? 8 : 16) + (isGcm ? 16 : (INTEGRITY[hash] ?? 32));
  const block = isGcm ? 4 : 16;
  return Math.floor((LINK_MTU - around) / block) * block - 2; // pad length and next header
}
