import { join } from 'node:path';
import { App } from 'cdk8s';
import { Findings, findingText, InputError, PROVIDERS, type Provider, refuse } from '../../network';
import type { ExternalService } from '../external-service/external-service';
import { bootstrapApp, writeBootstrap } from '../gitops/bootstrap';
import { dnsLabel } from '../input/names';
import { type Options, oneOf, readOptions } from '../input/schema';
import { agentBundle } from '../node-routes/bundle';
import type { NodeRoutes } from '../node-routes/node-routes';
import { writeRouterFiles } from '../vpn/router-files';
import { checkSite } from './checks';
import { Cluster, type ClusterProps } from './cluster';
import { failWhenIncomplete, findIncomplete } from './complete';
import { Namespaces } from './namespaces';
import { notesOf } from './notes';
import { OnPremise, type OnPremiseProps } from './on-premise';
import { forUsers } from './user-stack';

export interface SiteProps {
  /** The cluster's own address ranges. */
  readonly cluster: ClusterProps;
  /** The cloud the cluster runs in; ranges that it keeps for itself are refused. Known: 'ibm', 'azure'. @default none */
  readonly provider?: Provider;
  /**
   * The agent's program, for tests whose snapshots shall not change with it.
   * @default the one of this package
   */
  readonly agentBundle?: string;
}

interface SiteSettings {
  readonly cluster: Cluster;
  readonly provider: Provider | undefined;
  readonly agentBundle: string | undefined;
}

const SITE_OPTIONS: Options<SiteSettings> = {
  cluster: { fallback: Cluster.NONE, required: true, read: Cluster.read },
  provider: { fallback: undefined, read: oneOf(...(Object.keys(PROVIDERS) as Provider[])) },
  agentBundle: { fallback: undefined, read: readProgram },
};

/** The sites of this process, in the order in which they were made. */
const made: Site[] = [];

/** @throws InputError when a site, or a part of one, is not in the output. @internal */
export function throwIfIncomplete(): void {
  findIncomplete(made).throwIfAny();
}

/** Which site of this process wrote a folder: a second one of the same name would write over it. */
const written = new Map<string, Site>();

/** The sites that this process synthesised. @internal */
export function writtenSites(): Site[] {
  return [...written.values()];
}

const readFileName = dnsLabel('a chart and its file');

/**
 * One cluster and what it reaches: the scope of all charts, with an output folder of its own. Everything that is wrong
 * with it is told together when it is synthesised, and then nothing is written.
 */
export class Site extends App {
  readonly cluster: Cluster;
  /** @internal */
  readonly provider: Provider | undefined;
  /** The program that the nodes run. @internal */
  readonly agentBundle: () => string;
  /** Where findings about the site stand. @internal */
  readonly place: string;
  /** What was refused so far. @internal */
  readonly findings = new Findings();
  /** @internal */
  readonly namespaces = new Namespaces(this);
  /** @internal */
  readonly networks: OnPremise[] = [];
  /** @internal */
  readonly nodeRoutes: NodeRoutes[] = [];
  /** @internal */
  readonly externalServices: ExternalService[] = [];
  /** Whether the output folder was chosen by the program that runs this one, as cdk8s does. @internal */
  readonly isForOutput = process.env.CDK8S_OUTDIR !== undefined;
  private written: ReadonlySet<string> | undefined;
  private isChecked = false;
  private bootstrapScope: App | undefined;
  private readonly ids = new Set([Namespaces.CHART_ID]);

  /**
   * @param name names the folder below the output folder, e.g. `dist/example`. The output folder is that of cdk8s:
   * CDK8S_OUTDIR, or dist.
   */
  constructor(
    readonly name: string,
    props: SiteProps,
  ) {
    super({ outdir: join(process.env.CDK8S_OUTDIR ?? 'dist', `${name}`), recordConstructMetadata: false });
    this.place = `site ${name}`;
    this.findings.attempt(this.place, () => dnsLabel('a site')(name));
    const settings = readOptions(this.findings, this.place, props, SITE_OPTIONS);
    this.cluster = settings.cluster;
    this.provider = settings.provider;
    this.agentBundle = () => settings.agentBundle ?? agentBundle();
    if (made.length === 0) failWhenIncomplete(made);
    made.push(this);
    this.node.addValidation({ validate: () => (this.isChecked ? [] : this.check().map(findingText)) });
  }

  /** A network behind the VPN. */
  onPremise(name: string, props: OnPremiseProps): OnPremise {
    const network = new OnPremise(this, name, props);
    this.findings.attempt(network.place, () => dnsLabel('an on-premise network')(name));
    if (this.networks.some((other) => other.name === name))
      this.findings.add(network.place, name, 'names two networks of this site', 'give each a name of its own');
    this.networks.push(network);
    return network;
  }

  /** Writes one file per chart. @throws InputError with everything that is wrong; then nothing is written. */
  override synth(): void {
    const findings = this.check();
    if (findings.length > 0) throw forUsers(new InputError(findings));
    const writer = written.get(this.outdir);
    if (writer !== undefined && writer !== this)
      throw forUsers(
        refuse(this.name, 'names two sites, and the second would write over the first', 'rename one of them'),
      );
    written.set(this.outdir, this);
    for (const note of notesOf(this)) console.warn(note);
    this.isChecked = true; // cdk8s validates everything anew for every chart
    try {
      super.synth();
      writeRouterFiles(this);
      writeBootstrap(this, this.bootstrapScope);
      this.written = new Set(this.contents());
    } finally {
      this.isChecked = false;
    }
  }

  /**
   * The id for a chart, which names its file. A bad or taken one is told and replaced, since constructs would throw.
   * @internal
   */
  claim(id: string, place: string, read: (value: unknown) => string = readFileName): string {
    const good = this.findings.attempt(place, () => read(id));
    if (good !== undefined && !this.ids.has(id)) {
      this.ids.add(id);
      return id;
    }
    if (good !== undefined)
      this.findings.add(place, id, 'names two charts of this site, hence one file', 'choose another id');
    return this.claim(`refused-${this.ids.size}`, place);
  }

  /** The scope of what tells a GitOps tool of this site, since that is nothing the tool itself applies. @internal */
  bootstrap(): App {
    this.bootstrapScope ??= bootstrapApp(this);
    return this.bootstrapScope;
  }

  /** @internal */
  get isWritten(): boolean {
    return this.written !== undefined;
  }

  /** Charts, objects and networks that the last synth() did not see. @internal */
  unwritten(): string[] {
    const paths = this.contents().filter((path) => this.written?.has(path) !== true);
    return paths.filter((path) => !paths.some((outer) => path.startsWith(`${outer}/`)));
  }

  private contents(): string[] {
    const constructs = [this, this.bootstrapScope].flatMap((scope) => scope?.node.findAll() ?? []);
    return [
      ...constructs.map(({ node }) => node.path).filter(Boolean),
      ...this.networks.map(({ name }) => `on-premise ${name}`),
    ];
  }

  private check() {
    return [...this.findings.all, ...checkSite(this, writtenSites())];
  }
}

function readProgram(value: unknown): string {
  if (typeof value === 'string') return value;
  throw refuse(value, 'is no program text', 'leave it out for the agent of this package');
}
