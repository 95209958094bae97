export const DEFAULT_IMAGE = 'docker.io/library/node:26.10.0-trixie-slim';
/** Of its index, which covers all architectures (docker-library/repo-info, repos/node/remote/current-trixie-slim.md). */
export const DEFAULT_DIGEST = 'sha256:ec7758ee051e457b468b32bde57b0879010b325bb9862718e9615225ce4aaae1';

/** What the kubelet pulls: with a digest that was given, or that of the default image. */
export function imageReference({
  image,
  digest,
}: {
  readonly image: string;
  readonly digest: string | undefined;
}): string {
  const pinned = digest ?? (image === DEFAULT_IMAGE ? DEFAULT_DIGEST : undefined);
  return pinned === undefined ? image : `${image}@${pinned}`;
}
