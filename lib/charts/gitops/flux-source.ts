import type { Construct } from 'constructs';
import { GitRepository } from '../../../imports/gitrepository-source.toolkit.fluxcd.io';
import { KustomizationSpecSourceRefKind as Kind } from '../../../imports/kustomization-kustomize.toolkit.fluxcd.io';
import { OciRepository } from '../../../imports/ocirepository-source.toolkit.fluxcd.io';
import { refuse } from '../../network';
import { dnsSubdomain } from '../input/names';
import { isRecord, oneOf, readNested, type Schema } from '../input/schema';
import { addressOf, readRevision } from './options';

/** A Git repository that is not yet a source in Flux. */
export interface FluxGitSource {
  /** Its URL, https or ssh. */
  readonly git: string;
  /** The branch to follow. @default 'main' */
  readonly branch?: string;
  /** Secret with the credentials to read it, in Flux's namespace. @default none */
  readonly secretName?: string;
}

/** An OCI artifact that `flux push artifact` made from dist/<site>. */
export interface FluxOciSource {
  /** Its URL without a tag, e.g. 'oci://registry.example.com/network/onprem'. */
  readonly oci: string;
  /** The tag to follow. */
  readonly tag: string;
  /** Secret with the credentials to pull it, in Flux's namespace. @default none */
  readonly secretName?: string;
}

/** An existing source, e.g. 'flux-system' after `flux bootstrap`. */
export interface FluxKnownSource {
  /** Name of the source, in Flux's namespace. */
  readonly known: string;
  /** Kind of the source. @default 'GitRepository' */
  readonly kind?: 'GitRepository' | 'OCIRepository';
}

export type FluxSource = FluxGitSource | FluxOciSource | FluxKnownSource;

/** How often Flux checks the source for changes. */
const POLL_INTERVAL = '1m';

const secretName = { fallback: undefined, read: dnsSubdomain('a Secret') };

interface GitSettings {
  readonly git: string;
  readonly branch: string;
  readonly secretName: string | undefined;
}

const GIT_SCHEMA: Schema<GitSettings> = {
  git: {
    fallback: '',
    required: true,
    read: addressOf('https://git.example.com/network/onprem.git', 'https', 'http', 'ssh'),
  },
  branch: { fallback: 'main', read: readRevision },
  secretName,
};

interface OciSettings {
  readonly oci: string;
  readonly tag: string;
  readonly secretName: string | undefined;
}

const OCI_SCHEMA: Schema<OciSettings> = {
  oci: { fallback: '', required: true, read: addressOf('oci://registry.example.com/network/onprem', 'oci') },
  tag: { fallback: '', required: true, read: readRevision },
  secretName,
};

const KNOWN_SCHEMA: Schema<Required<FluxKnownSource>> = {
  known: { fallback: '', required: true, read: dnsSubdomain('a source') },
  kind: { fallback: 'GitRepository', read: oneOf('GitRepository', 'OCIRepository') },
};

/** A source with defaults filled in, identified by its first option. */
export type FluxSourceSettings = GitSettings | OciSettings | Required<FluxKnownSource>;

const readGit = readNested(GIT_SCHEMA);
const readOci = readNested(OCI_SCHEMA);
const readKnown = readNested(KNOWN_SCHEMA);

/** @throws InputError with all findings. */
export function readFluxSource(value: unknown): FluxSourceSettings {
  if (isRecord(value) && 'git' in value) return readGit(value);
  if (isRecord(value) && 'oci' in value) return readOci(value);
  if (isRecord(value) && 'known' in value) return readKnown(value);
  throw refuse(value, 'has no source', 'write { git: … }, { oci: …, tag: … } or { known: "flux-system" }');
}

/** Creates the source unless it exists. @returns what a Kustomization refers to */
export function addFluxSource(scope: Construct, source: FluxSourceSettings, name: string, namespace: string) {
  if ('known' in source)
    return { kind: source.kind === 'OCIRepository' ? Kind.OCI_REPOSITORY : Kind.GIT_REPOSITORY, name: source.known };
  const metadata = { name, namespace };
  const secret = source.secretName === undefined ? {} : { secretRef: { name: source.secretName } };
  if ('git' in source) {
    const ref = { branch: source.branch };
    new GitRepository(scope, 'source', {
      metadata,
      spec: { interval: POLL_INTERVAL, url: source.git, ref, ...secret },
    });
    return { kind: Kind.GIT_REPOSITORY, name };
  }
  const ref = { tag: source.tag };
  new OciRepository(scope, 'source', { metadata, spec: { interval: POLL_INTERVAL, url: source.oci, ref, ...secret } });
  return { kind: Kind.OCI_REPOSITORY, name };
}
