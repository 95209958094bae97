export const DEFAULT_IMAGE = 'docker.io/library/node:26.10.0-trixie-slim';
/**
 * Digest of its index, which covers all architectures (docker-library/repo-info,
 * repos/node/remote/current-trixie-slim.md).
 */
export const DEFAULT_DIGEST = 'sha256:ec7758ee051e457b468b32bde57b0879010b325bb9862718e9615225ce4aaae1';

interface Image {
  readonly image: string;
  readonly digest: string | undefined;
}

/**
 * The image reference that the kubelet pulls, with the given digest or that of the stock image.
 *
 * @param registry a mirror of Docker Hub; if given, the stock image is pulled from it
 */
export function imageReference({ image, digest }: Image, registry?: string): string {
  if (image !== DEFAULT_IMAGE) return digest === undefined ? image : `${image}@${digest}`;
  const mirrored = registry === undefined ? image : image.replace('docker.io', registry);
  return `${mirrored}@${digest ?? DEFAULT_DIGEST}`;
}
