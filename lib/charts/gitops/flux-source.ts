import type { Construct } from 'constructs';
import { GitRepository } from '../../../imports/gitrepository-source.toolkit.fluxcd.io';
import { KustomizationSpecSourceRefKind as Kind } from '../../../imports/kustomization-kustomize.toolkit.fluxcd.io';
import { OciRepository } from '../../../imports/ocirepository-source.toolkit.fluxcd.io';
import { refuse } from '../../network';
import { dnsSubdomain } from '../input/names';
import { isRecord, oneOf, readNested, type Schema } from '../input/schema';
import { addressOf, readRevision } from './options';

/** A Git repository that Flux does not know yet. */
export interface FluxGitSource {
  /** Its address, https or ssh. */
  readonly git: string;
  /** @default 'main' */
  readonly branch?: string;
  /** Secret with what it takes to read it, in Flux's namespace. @default none */
  readonly secretName?: string;
}

/** An artifact that `flux push artifact` made of dist/<site>. */
export interface FluxOciSource {
  /** Its address without a tag, e.g. 'oci://registry.example.com/network/onprem'. */
  readonly oci: string;
  /** The tag to follow. */
  readonly tag: string;
  /** Secret with what it takes to pull it, in Flux's namespace. @default none */
  readonly secretName?: string;
}

/** A source that is there already, e.g. 'flux-system' after `flux bootstrap`. */
export interface FluxKnownSource {
  readonly known: string;
  /** @default 'GitRepository' */
  readonly kind?: 'GitRepository' | 'OCIRepository';
}

export type FluxSource = FluxGitSource | FluxOciSource | FluxKnownSource;

/** How often Flux looks for something new. */
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

/** A source with defaults filled in, told apart by its first option. */
export type FluxSourceSettings = GitSettings | OciSettings | Required<FluxKnownSource>;

const readGit = readNested(GIT_SCHEMA);
const readOci = readNested(OCI_SCHEMA);
const readKnown = readNested(KNOWN_SCHEMA);

/** @throws InputError with everything that is wrong with it. */
export function readFluxSource(value: unknown): FluxSourceSettings {
  if (isRecord(value) && 'git' in value) return readGit(value);
  if (isRecord(value) && 'oci' in value) return readOci(value);
  if (isRecord(value) && 'known' in value) return readKnown(value);
  throw refuse(value, 'has no source', 'write { git: … }, { oci: …, tag: … } or { known: "flux-system" }');
}

/** Makes the source unless it is known; what a Kustomization refers to. */
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
