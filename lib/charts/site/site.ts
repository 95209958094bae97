import { dirname, join } from 'node:path';
import { App } from 'cdk8s';
import { Findings, findingText, InputError, PROVIDERS, type Provider, refuse } from '../../network';
import { dnsLabel } from '../input/names';
import { oneOf, readOptions, type Schema } from '../input/schema';
import { checkVpns } from '../vpn/check';
import { checkOtherSites } from '../vpn/check-other-sites';
import { readBook, writeRouterFiles } from '../vpn/router-files';
import { type SiteVpns, vpnsOf } from '../vpn/tunnels';
import { bootstrapApp, writeBootstrap } from './bootstrap';
import { addCalicoPools, CALICO_POOLS } from './calico-pools';
import { checkMappings } from './check-mappings';
import { checkNetworks } from './check-networks';
import { checkPods } from './check-pods';
import { checkProvider } from './check-provider';
import { type Check, Checks, type Phase } from './checks';
import { Cluster, type ClusterProps } from './cluster';
import { failWhenIncomplete, findIncomplete } from './complete';
import { FreeRanges, rangesInUse } from './free-ranges';
import { Namespaces } from './namespaces';
import { notesOf } from './notes';
import { OnPremise, type OnPremiseProps, type Server } from './on-premise';
import { type Promised, writePromises } from './promise-file';
import type { RouteSource, Scope } from './scope';
import { forUsers } from './user-errors';

export interface SiteProps {
  /** The cluster's own address ranges. */
  readonly cluster: ClusterProps;
  /**
   * The cloud that the cluster runs in. Ranges that it reserves are rejected. Supported: 'ibm', 'azure'.
   * @default none
   */
  readonly provider?: Provider;
  /**
   * The text of each file of the agent's program, for tests whose snapshots must not depend on it.
   * @default that of this package
   */
  readonly agentBundle?: string;
}

interface SiteSettings {
  readonly cluster: Cluster;
  readonly provider: Provider | undefined;
  readonly agentBundle: string | undefined;
}

const SITE_SCHEMA: Schema<SiteSettings> = {
  cluster: { fallback: Cluster.NONE, required: true, read: Cluster.read },
  provider: { fallback: undefined, read: oneOf(...(Object.keys(PROVIDERS) as Provider[])) },
  agentBundle: { fallback: undefined, read: readProgram },
};

/** The sites of this process, in the order of construction. */
const made: Site[] = [];

/** @throws InputError if a site, or a part of one, is missing from the output. @internal */
export function throwIfIncomplete(): void {
  findIncomplete(made).throwIfAny();
}

/** Which site of this process wrote a folder. A second site of the same name would overwrite it. */
const written = new Map<string, Site>();

/** The sites that this process synthesised. @internal */
export function writtenSites(): Site[] {
  return [...written.values()];
}

const readFileName = dnsLabel('a chart and its file');

/**
 * One cluster and what it reaches: the scope of all charts, with its own output folder. Synthesis reports all findings
 * together; if there are any, it writes nothing.
 */
export class Site extends App implements Scope {
  readonly cluster: Cluster;
  /** @internal */
  readonly provider: Provider | undefined;
  /** The program that the nodes run instead of this package's own. @internal */
  readonly agentBundle: string | undefined;
  /** The location that findings about the site report. @internal */
  readonly place: string;
  /** The findings so far. @internal */
  readonly findings = new Findings();
  /** @internal */
  readonly namespaces = new Namespaces(this);
  /** @internal */
  readonly networks: OnPremise[] = [];
  /** @internal */
  readonly routeSources: RouteSource[] = [];
  /** What its constructs promise. @internal */
  readonly promised: Promised = { pools: new Map(), services: new Map() };
  /** The servers that workloads in the cluster call. @internal */
  readonly servers: Server[] = [];
  /** Whether the output folder was chosen by the program that runs this one, as cdk8s does. @internal */
  readonly isForOutput = process.env.CDK8S_OUTDIR !== undefined;
  private written: ReadonlySet<string> | undefined;
  private isChecked = false;
  private bootstrapScope: App | undefined;
  private readonly checks = new Checks();
  private readonly writers: (() => void)[] = [];
  private readonly ids = new Set([Namespaces.CHART_ID, CALICO_POOLS]);

  /**
   * @param name name of the site and of its folder below the output folder, e.g. `dist/example`. As in cdk8s, the
   * output folder is CDK8S_OUTDIR, or dist.
   */
  constructor(
    readonly name: string,
    props: SiteProps,
  ) {
    super({ outdir: join(process.env.CDK8S_OUTDIR ?? 'dist', `${name}`), recordConstructMetadata: false });
    this.place = `site ${name}`;
    this.findings.attempt(this.place, () => dnsLabel('a site')(name));
    const settings = readOptions(this.findings, this.place, props, SITE_SCHEMA);
    this.cluster = settings.cluster;
    this.provider = settings.provider;
    this.agentBundle = settings.agentBundle;
    this.addOwnChecks();
    this.onSynth(() => writeRouterFiles(this.name, this.outdir, this.vpns()));
    this.onSynth(() => writePromises(this));
    if (made.length === 0) failWhenIncomplete(made);
    made.push(this);
    this.node.addValidation({ validate: () => (this.isChecked ? [] : this.check().map(findingText)) });
  }

  /** Adds a network behind the VPN. */
  onPremise(name: string, props: OnPremiseProps): OnPremise {
    const network = new OnPremise(this, name, props);
    this.findings.attempt(network.place, () => dnsLabel('an on-premise network')(name));
    if (this.networks.some((other) => other.name === name))
      this.findings.add(network.place, name, 'names two networks of this site', 'give each its own name');
    this.networks.push(network);
    if (this.cluster.calicoPool) addCalicoPools(this, network);
    return network;
  }

  /** Writes one file per chart. @throws InputError with all findings; then nothing is written. */
  override synth(): void {
    const findings = this.check();
    if (findings.length > 0) throw forUsers(new InputError(findings));
    const writer = written.get(this.outdir);
    if (writer !== undefined && writer !== this)
      throw forUsers(
        refuse(this.name, 'names two sites, and the second would overwrite the first', 'rename one of them'),
      );
    written.set(this.outdir, this);
    for (const note of notesOf(this)) console.warn(note);
    this.isChecked = true; // cdk8s validates everything again for every chart
    try {
      super.synth();
      for (const write of this.writers) write();
      writeBootstrap(this, this.bootstrapScope); // last, because it may depend on the site's contents
      this.written = new Set(this.contents());
    } finally {
      this.isChecked = false;
    }
  }

  /**
   * The id of a chart, which names its file. An invalid or duplicate id is reported and replaced, because constructs
   * would throw.
   * @internal
   */
  claim(id: string, place: string, read: (value: unknown) => string = readFileName): string {
    const good = this.findings.attempt(place, () => read(id));
    if (good !== undefined && !this.ids.has(id)) {
      this.ids.add(id);
      return id;
    }
    if (good !== undefined)
      this.findings.add(place, id, 'names two charts of this site, which would share one file', 'choose another id');
    return this.claim(`refused-${this.ids.size}`, place);
  }

  /**
   * The scope of the objects that point a GitOps tool at this site. They are separate, because the tool does not apply
   * them itself. @internal
   */
  bootstrap(): App {
    this.bootstrapScope ??= bootstrapApp(this);
    return this.bootstrapScope;
  }

  /**
   * Adds a check that runs once the site is complete, in the order of the phases.
   * @param key unique within a phase; a second check with the same key is ignored, because the first covers all
   * constructs of its kind.
   * @internal
   */
  addCheck(phase: Phase, key: string, check: Check): void {
    this.checks.add(phase, key, check);
  }

  /** Adds a function that writes files beside the manifests, after these are written. @internal */
  onSynth(write: () => void): void {
    this.writers.push(write);
  }

  /** @throws InputError if the file of numbers cannot be read. @internal */
  vpns(): SiteVpns {
    return vpnsOf({ name: this.name, cluster: this.cluster, networks: this.networks }, readBook(this.outdir));
  }

  /** @internal */
  get isWritten(): boolean {
    return this.written !== undefined;
  }

  /** Charts, objects and networks that were added after the last synth(). @internal */
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
    const run = { findings: new Findings(), free: new FreeRanges(rangesInUse(this)) };
    this.checks.run(run);
    return [...this.findings.all, ...run.findings.all];
  }

  private addOwnChecks(): void {
    this.addCheck('networks', 'networks', ({ free, findings }) => checkNetworks(this, free, findings));
    this.addCheck('mappings', 'mappings', ({ free, findings }) => checkMappings(this, free, findings));
    this.addCheck('mappings', 'pods', ({ findings }) => checkPods(this, findings));
    this.addCheck('provider', 'provider', ({ free, findings }) => checkProvider(this, free, findings));
    this.addCheck('vpn', 'vpn', ({ findings }) => this.checkVpn(findings));
  }

  private checkVpn(findings: Findings): void {
    const vpns = findings.attempt(this.place, () => this.vpns());
    if (vpns === undefined) return;
    checkVpns(vpns, this.name, this.findings.all.length === 0, findings);
    if (findings.all.length > 0) return;
    const neighbours = writtenSites().filter((one) => one !== this && dirname(one.outdir) === dirname(this.outdir));
    const others = neighbours.map((one) => ({ name: one.name, tunnels: one.vpns().tunnels }));
    checkOtherSites(vpns.tunnels, others, findings);
  }
}

function readProgram(value: unknown): string {
  if (typeof value === 'string') return value;
  throw refuse(value, 'is not a program', "leave it out to use this package's agent");
}
