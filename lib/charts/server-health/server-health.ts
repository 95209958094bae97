import { createHash } from 'node:crypto';
import { Chart, Lazy } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import { formatHealthList, type HealthListData, type ProbedService } from '../../network';
import { placeIn, readOptions } from '../input/schema';
import { commonLabels, mergeAnnotations, NO_SUBSTITUTION } from '../metadata';
import { fitsClientSideApply } from '../program/apply-limits';
import { bundleOf, SERVER_HEALTH } from '../program/bundle';
import { ProgramConfigMap } from '../program/config-map';
import type { CheckRun } from '../site/checks';
import { Siblings } from '../site/siblings';
import type { Site } from '../site/site';
import { requireSite } from '../site/user-errors';
import { ServerHealthDeployment } from './deployment';
import { ServerHealthNetworkPolicy } from './network-policy';
import { readServerHealthName, type ServerHealthProps, serverHealthSchema } from './options';
import { ServerHealthRights } from './rights';

/** At most one per site; a second one is reported. */
const made = new Siblings<ServerHealth>();

/**
 * The program that probes the servers of Services with `health` and writes their EndpointSlices. A site has at most
 * one. The first such Service creates it, unless you create it earlier to set its options.
 */
export class ServerHealth extends Chart {
  /** The location that findings about it report. @internal */
  readonly place: string;
  private readonly services: ProbedService[] = [];
  private isAsked = false;
  private readonly rights: ServerHealthRights;

  constructor(site: Site, id: string, props: ServerHealthProps = {}) {
    requireSite(site, 'ServerHealth');
    const place = placeIn(site.place, `server health ${id}`);
    const settings = readOptions(site.findings, place, props, serverHealthSchema(id));
    const { name, namespace, labels, annotations, port, createNamespace, priorityClassName } = settings;
    super(site, site.claim(id, place, readServerHealthName), {
      namespace,
      labels: commonLabels(name, 'server-health', labels),
    });
    this.place = place;
    const podSecurity = 'restricted';
    site.namespaces.add({ namespace, create: createNamespace, priorityClassName, podSecurity });
    this.addList(name, annotations);
    const [lease, standbyLease] = [name, `${name}-standby`];
    const services = () => this.services;
    this.rights = new ServerHealthRights(this, 'rights', {
      name,
      namespace,
      annotations,
      leases: [lease, standbyLease],
      services,
    });
    const program = new ProgramConfigMap(site, site.claim(`${id}-program`, place), {
      name: `${name}-program`,
      namespace,
      annotations,
      labels: this.labels,
      file: SERVER_HEALTH.files[0],
      program: settings.program ?? bundleOf(SERVER_HEALTH, SERVER_HEALTH.files[0]),
    });
    const programConfigMapName = program.configMapName;
    const { apiServers, imageRegistry } = site.cluster;
    new ServerHealthDeployment(this, 'program', {
      settings,
      programConfigMapName,
      lease,
      standbyLease,
      imageRegistry,
    });
    new ServerHealthNetworkPolicy(this, 'network-policy', { name, annotations, port, apiServers, services });
    site.addCheck('services', `server health ${id}`, (run) => this.check(run, site));
    made.add(site, this);
  }

  /** That of a site, created with defaults if it does not exist yet. @internal */
  static forSite(site: Site): ServerHealth {
    const program = made.of(site)[0] ?? new ServerHealth(site, 'server-health');
    program.isAsked = true;
    return program;
  }

  /** The namespace of its pods, if the site has it. @internal */
  static namespaceIn(site: Site): string | undefined {
    return made.of(site)[0]?.namespace;
  }

  /** @internal */
  add(service: ProbedService): void {
    this.services.push(service);
    this.rights.addNamespace(service.namespace);
  }

  private addList(name: string, annotations: Readonly<Record<string, string>>): void {
    new k8s.KubeConfigMap(this, 'list', {
      metadata: { name, annotations: mergeAnnotations(NO_SUBSTITUTION, annotations) },
      data: Lazy.any({ produce: () => this.list }),
    });
  }

  private get list(): HealthListData {
    return formatHealthList(this.services, (pem) => createHash('sha256').update(pem).digest('hex').slice(0, 10));
  }

  private check({ findings }: CheckRun, site: Site): void {
    if (made.of(site)[0] !== this)
      findings.add(
        this.place,
        this.node.id,
        'is the second one of this site',
        `create it before the first Service with health`,
      );
    else if (!this.isAsked && site.findings.all.length === 0)
      // a rejected Service may have needed it
      findings.add(this.place, this.node.id, 'probes nothing', 'add health to an ExternalService, or remove it');
    if (fitsClientSideApply(JSON.stringify(this.list))) return;
    const remedy = 'give health to fewer Services';
    findings.add(
      this.place,
      this.services.length,
      'services are more than client-side apply accepts in one ConfigMap',
      remedy,
    );
  }
}
