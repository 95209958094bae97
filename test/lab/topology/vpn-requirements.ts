import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The paths of strongSwan's daemon and plugins in Debian's packages. */
export const CHARON = '/usr/lib/ipsec/charon';
const PLUGINS = '/usr/lib/ipsec/plugins';

const FILES: Readonly<Record<string, readonly [file: string, debianPackage: string]>> = {
  'the IKE daemon': [CHARON, 'strongswan'],
  'AES-GCM and elliptic curves': [join(PLUGINS, 'libstrongswan-openssl.so'), 'libstrongswan-standard-plugins'],
  'user-space ESP': [join(PLUGINS, 'libstrongswan-kernel-libipsec.so'), 'libcharon-extra-plugins'],
};

const PROGRAMS: Readonly<Record<string, string>> = { swanctl: 'strongswan-swanctl', nft: 'nftables', sysctl: 'procps' };

function exists(file: string, mode: number): boolean {
  try {
    accessSync(file, mode);
    return true;
  } catch {
    return false;
  }
}

/**
 * The requirements of real VPN routers that this machine does not meet, one sentence each.
 *
 * @param path where to look for programs, as in PATH
 * @param root prefix of the files' paths, for tests
 */
export function missingForVpn(path = process.env.PATH ?? '', root = ''): string[] {
  const missing = Object.entries(FILES)
    .filter(([, [file]]) => !exists(`${root}${file}`, constants.R_OK))
    .map(([what, [file, debianPackage]]) => `${what} ${file} not found (Debian package ${debianPackage})`);
  for (const [program, debianPackage] of Object.entries(PROGRAMS)) {
    const found = path.split(delimiter).some((folder) => exists(join(folder, program), constants.X_OK));
    if (!found) missing.push(`${program} not found (Debian package ${debianPackage})`);
  }
  // Required even if the kernel has ESP, so that the lab is the same on every machine.
  if (!exists(`${root}/dev/net/tun`, constants.R_OK + constants.W_OK))
    missing.push('no /dev/net/tun for user-space ESP');
  return missing;
}
