import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Address, Subnet } from '../../lib/network';
import { LinuxRouter } from '../lab/topology/linux-router';
import type { Lab, Namespace } from '../lab/topology/namespaces';
import { NetnsClient } from '../lab/topology/netns-client';
import { waitFor } from '../lab/wait';
import { host, UPLINKS, type VpnSite } from './vpn-sites';

const PORT = 8080;
const ANSWER_MS = 600;
/** Log lines that end charon's attempt to establish a child SA. */
const END_OF_CHILD =
  /CHILD_SA \S+ established|not establishing CHILD_SA|received (?:NO_PROPOSAL_CHOSEN|TS_UNACCEPTABLE|INVALID_KE_PAYLOAD|FAILED_CP_REQUIRED) notify/g;
/** Log lines that end the attempt to establish the IKE SA, and with it all children. */
const END_OF_IKE =
  /received AUTHENTICATION_FAILED|constraint check failed|no IKE config found|received NO_PROPOSAL_CHOSEN notify error|peer not responding|establishing IKE_SA failed/;
const SETTLED_MS = 15_000;

/** A sender, the address that it requests, and the host that must answer: a node and a server, or the reverse. */
export interface Pair {
  readonly from: string;
  readonly asks: string;
  /** The host that must answer. */
  readonly to: string;
}

/** A node, two routers that load the files of routers/, and servers. Every site has the same links with its own addresses. */
export class VpnWorld {
  private routers: [LinuxRouter, LinuxRouter] | undefined;
  private readonly key = `secret = "${randomBytes(32).toString('base64')}"\n`;
  private readonly serving: { close(): Promise<void> }[] = [];
  private seen = 0;

  private constructor(
    private readonly lab: Lab,
    private readonly site: VpnSite,
    private readonly node: Namespace,
    private readonly near: Namespace,
    private readonly far: Namespace,
    private readonly server: Namespace,
  ) {}

  static async build(lab: Lab, site: VpnSite): Promise<VpnWorld> {
    const [node, near, far, server] = ['node', 'near', 'far', 'server'].map((name) => lab.namespace(name)) as [
      Namespace,
      Namespace,
      Namespace,
      Namespace,
    ];
    const world = new VpnWorld(lab, site, node, near, far, server);
    for (const router of [near, far]) router.sysctl({ 'ipv4/conf/all/rp_filter': 0, 'ipv4/conf/default/rp_filter': 0 });
    const { nodes, subnets } = site;
    const addresses = (subnet: Subnet, ...hosts: readonly Address[]) =>
      hosts.map((one) => `${one}/${subnet.prefixLength}`);
    lab.link(
      { in: near, name: 'eth0', addresses: addresses(nodes.real, host(nodes.real, 1)) },
      { in: node, name: 'priv', addresses: addresses(nodes.real, ...site.hosts(nodes.real)) },
    );
    lab.link(
      { in: near, name: 'eth1', addresses: [`${UPLINKS.cluster}/32`] },
      { in: far, name: 'eth1', addresses: [`${UPLINKS.premises}/32`] },
    );
    near.ip('route', 'add', `${UPLINKS.premises}/32`, 'dev', 'eth1', 'src', UPLINKS.cluster);
    far.ip('route', 'add', `${UPLINKS.cluster}/32`, 'dev', 'eth1', 'src', UPLINKS.premises);
    lab.link(
      { in: far, name: 'eth0', addresses: subnets.flatMap(({ real }) => addresses(real, host(real, 1))) },
      { in: server, name: 'eth0', addresses: subnets.flatMap(({ real }) => addresses(real, ...site.hosts(real))) },
    );
    node.sysctl({ 'ipv4/conf/all/rp_filter': 1, 'ipv4/conf/priv/rp_filter': 1 });
    server.ip('route', 'add', 'default', 'via', `${host((subnets[0] as { real: Subnet }).real, 1)}`);
    // kernel-libipsec requires a local address in each traffic selector, and so in each half.
    for (const [router, mappings] of [
      [near, [nodes]],
      [far, subnets],
    ] as const)
      for (const { mapped } of mappings)
        for (const n of [1, -2]) router.ip('addr', 'replace', `${host(mapped, n)}/32`, 'dev', 'lo');
    const listen = async (place: Namespace, subnet: Subnet) => {
      for (const one of site.hosts(subnet))
        world.serving.push(await NetnsClient.of(place).serve(`${one}`, PORT, `${one}`));
    };
    await listen(node, nodes.real);
    for (const { real } of subnets) await listen(server, real);
    return world;
  }

  /** Boots the routers with the files of the tree, and waits until they have tried to open every tunnel. */
  async load(tree: ReadonlyMap<string, string>, routes: readonly string[]): Promise<void> {
    const folder = join(this.lab.folder, 'files');
    rmSync(folder, { recursive: true, force: true });
    for (const [path, text] of tree) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    const ends = [this.site.clusterEnd, this.site.premisesEnd].map((end) => join(folder, end)) as [string, string];
    if (this.routers === undefined) {
      this.routers = [
        await LinuxRouter.load(this.near, [ends[0]], this.key),
        await LinuxRouter.load(this.far, [ends[1]], this.key),
      ];
    } else {
      for (const [i, router] of this.routers.entries()) {
        await router.crash();
        router.install(ends[i] as string, this.key);
        await router.boot();
      }
    }
    this.restoreUplinks();
    this.routeNodes(routes);
    const [near, far] = this.routers;
    this.seen = near.log.length;
    far.connect();
    near.connect();
    const children =
      (tree.get(`${this.site.clusterEnd}/swanctl.conf`) ?? '').match(/start_action = start/g)?.length ?? 0;
    await waitFor('the routers to try every tunnel', SETTLED_MS, () => {
      const log = near.log.slice(this.seen);
      return END_OF_IKE.test(log) || (log.match(END_OF_CHILD)?.length ?? 0) >= children;
    }).catch((error: Error) => {
      throw new Error(`${error.message}\n${near.log.slice(this.seen)}`);
    });
  }

  /** After a reboot, a router has lost what is not in its files: the route to the other router, normally set by the provider. */
  private restoreUplinks(): void {
    this.near.ip('route', 'replace', `${UPLINKS.premises}/32`, 'dev', 'eth1', 'src', UPLINKS.cluster);
    this.far.ip('route', 'replace', `${UPLINKS.cluster}/32`, 'dev', 'eth1', 'src', UPLINKS.premises);
  }

  /** Writes the routes that an agent would maintain on the node. */
  private routeNodes(routes: readonly string[]): void {
    const gateway = `${host(this.site.nodes.real, 1)}`;
    this.node.run('ip', 'route', 'flush', 'proto', '142');
    for (const subnet of routes) this.node.ip('route', 'replace', subnet, 'via', gateway, 'proto', '142');
  }

  /** For each pair, whether the right host answers. */
  async answered(pairs: readonly Pair[], isFromNode: boolean): Promise<boolean[]> {
    const client = NetnsClient.of(isFromNode ? this.node : this.server);
    return Promise.all(
      pairs.map(async ({ from, asks, to }) => {
        const { body } = await client.fetch(`http://${asks}:${PORT}/`, { source: from, timeoutMs: ANSWER_MS });
        return body === to;
      }),
    );
  }

  async close(): Promise<void> {
    for (const server of this.serving) await server.close();
  }
}
