/** The environment in which the agent starts. */
export interface Host {
  /** process.version. */
  readonly version: string;
  /** process.arch. */
  readonly arch: string;
  readonly hasFfi: boolean;
  /** Node's permission model, if it is on. @see https://nodejs.org/api/permissions.html */
  readonly permission: { has(scope: string, reference?: string): boolean } | undefined;
  /** Folders that the agent reads. */
  readonly folders: readonly string[];
}

/** node:ffi is experimental: its API may differ in another major version. */
const MAJOR = 26;

/** What is missing, one sentence each. */
export function missingFrom({ version, arch, hasFfi, permission, folders }: Host): string[] {
  const missing: string[] = [];
  if (!version.startsWith(`v${MAJOR}.`))
    missing.push(`Node ${MAJOR} is needed, this is ${version}: use the image that synth names`);
  else if (!hasFfi) missing.push(`this Node has no FFI (${arch}): use Node's own builds for amd64 or arm64`);
  const isDenied = (scope: string, reference?: string) => permission?.has(scope, reference) === false;
  const flags = [
    ...(isDenied('ffi') ? ['--allow-ffi'] : []),
    ...(isDenied('net') ? ['--allow-net'] : []),
    ...folders.filter((folder) => isDenied('fs.read', folder)).map((folder) => `--allow-fs-read=${folder}`),
  ];
  if (flags.length > 0)
    missing.push(`Node's permission model is on without ${flags.join(' ')}: start the agent as the DaemonSet does`);
  return missing;
}

/** The kernel's answer to the first request that only newer kernels understand. */
export function kernelTooOld(release: string, cause: Error): Error {
  return new Error(`Linux 5.3 or later is needed for nexthop objects, this is ${release}: ${cause.message}`, { cause });
}
