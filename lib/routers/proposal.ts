/** Ciphers that every product supports and that auditors accept; AES-CBC is for devices without GCM. */
export const ENCRYPTIONS = ['aes256gcm', 'aes128gcm', 'aes256', 'aes128'] as const;
export type Encryption = (typeof ENCRYPTIONS)[number];

/** Integrity algorithm of AES-CBC, and the pseudo-random function of IKE. */
export const HASHES = ['sha256', 'sha384', 'sha512'] as const;
export type Hash = (typeof HASHES)[number];

/** Diffie-Hellman groups by their number in IKE (RFC 3526, RFC 5903, RFC 8031), as strongSwan calls them. */
export const DH_GROUPS = {
  14: 'modp2048',
  15: 'modp3072',
  16: 'modp4096',
  19: 'ecp256',
  20: 'ecp384',
  21: 'ecp521',
  31: 'curve25519',
} as const;
export type DhGroup = keyof typeof DH_GROUPS;

/** The proposal of both routers: a single one, because both ends are generated from one model. */
export interface Proposal {
  readonly encryption: Encryption;
  readonly hash: Hash;
  readonly dhGroup: DhGroup;
  /** Rekey interval in seconds. */
  readonly lifetime: number;
}

/** Encrypts and authenticates in one step (RFC 5282, RFC 4106). */
export function isAead(encryption: Encryption): boolean {
  return encryption.endsWith('gcm');
}
