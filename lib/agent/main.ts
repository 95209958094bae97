import fs = require('node:fs');
import os = require('node:os');

import { Address, Subnet, type Target } from '../network';
import { ApiClient } from '../program/api/client';
import { ConfigMapWatch } from '../program/api/config-map-watch';
import { serve } from '../program/http-server';
import { createLog } from '../program/log';
import { Agent } from './agent';
import type { Dependency } from './decide/guard';
import { isForwarding } from './forwarding';
import { InstanceLock, type PeerUser } from './instance-lock';
import { Journal } from './journal';
import { EVENT_GROUPS, KernelEvents } from './kernel/events';
import { Kernel } from './kernel/kernel';
import { liveSettings } from './live-settings';
import { busyMeter, memoryReleaser, trimMemory } from './memory';
import { NetlinkChannel, type NetlinkError } from './netlink/channel';
import { openEventSocket, openNetlink, peerUser } from './netlink/ffi';
import { NextHopMonitor } from './next-hop-monitor';
import { OwnObjects } from './own-objects';
import { PathMonitor } from './path-monitor';
import { probePath } from './path-probe';
import { type Attempt, tryToConnect } from './reachability';
import { ReadyLatch } from './ready-latch';
import { Reconciler } from './reconciler';
import { changeText } from './report/change-log';
import { askRunningAgent } from './report/cli';
import { reachLog } from './report/networks';
import { doorsOf, pagesOf } from './report/pages';
import { kernelTooOld, missingFrom } from './requirements';
import { readResolvers } from './resolvers';
import { readSettings, type Settings } from './settings';
import { Takeover } from './takeover';

/** The route agent: one process on every node. `node agent.cjs` runs it; `status` and `diff` ask the running one. */

/** In the pod's only writable volume. */
const JOURNAL = '/run/onprem-link';
/** The node's, on the host network. */
const RESOLV_CONF = '/etc/resolv.conf';
/** Written when the pod is Ready for the first time. */
const READY = '/run/onprem-link/ready';
/** The list of the pod's revision, with rolling changes. */
const OWN_LIST = '/etc/onprem-link/routes';
/** Folders that the agent requires; those below /proc are only for reports. */
const FOLDERS = ['/var/run/secrets/kubernetes.io/serviceaccount/', '/run/onprem-link/'];
const RECEIVE_BUFFER = 8 * 1024 * 1024;
const REQUEST_TIMEOUT_S = 10;

function run(settings: Settings): void {
  const log = createLog(settings.logLevel, (line) => process.stdout.write(line));
  const socket = openNetlink(RECEIVE_BUFFER, REQUEST_TIMEOUT_S);
  const kernel = new Kernel(new NetlinkChannel(socket));
  try {
    kernel.readNexthops();
  } catch (error) {
    if ((error as NetlinkError).code === 'EOPNOTSUPP') throw kernelTooOld(os.release(), error as Error);
  }
  const client = new ApiClient(settings.apiHost, settings.apiPort);
  const { ownership, disjointProtocols } = settings;
  const holder = `${settings.namespace}/${settings.instance}`;
  const nextHops = new NextHopMonitor(
    kernel,
    () => performance.now(),
    (reason) => log('warn', 'nexthop.unknown', `the next hops cannot be probed: ${reason}`),
  );
  const paths = new PathMonitor({
    kernel,
    probe: probePath,
    ownership,
    nodeName: settings.nodeName,
    everyMs: settings.probeEveryMs,
    isSilent: (hop) => nextHops.healthOf(hop)?.state === 'down',
    now: () => performance.now(),
  });
  const live = liveSettings(settings);
  const reconciler = new Reconciler(kernel, {
    ...settings,
    dependencies: () => dependenciesOf(settings, client.remoteAddress),
    isForwarding: (family, name) => isForwarding(family, name, readOptional),
    destinations: () => live.destinations,
    healthOf: nextHops.healthOf,
    healthChanges: () => nextHops.changes,
    reachOf: paths.reachOf,
    reachChanges: () => paths.changes,
    get ownership() {
      return live.ownership;
    },
  });
  const peer: PeerUser = (socket) => peerUser((socket as unknown as { _handle: { fd: number } })._handle.fd);
  const lock = new InstanceLock(ownership.protocol, holder, peer, (user = -1) =>
    log(
      'error',
      'lock.squatted',
      `user ${user}, which is not an agent, holds the lock of protocol ${ownership.protocol}`,
      {
        user,
      },
    ),
  );
  const journal = new Journal(JOURNAL);
  const resolvers = readResolvers(readOptional(RESOLV_CONF));
  const agent = new Agent({
    settings,
    live,
    reconciler,
    lock,
    nextHops,
    paths,
    journal,
    ownObjects: new OwnObjects(client, settings.namespace, settings.instance),
    ownList: settings.isRolling ? readOptional(OWN_LIST) : undefined,
    attempt: attemptBy(client, [...settings.confirm, ...resolvers]),
    resolvers,
    random: Math.random,
    onNews: memoryReleaser(trimMemory, busyMeter()),
    log,
  });
  nextHops.onChange = (changed) => agent.onNextHops(changed);
  const reach = reachLog(log);
  paths.onNetwork = reach.network;
  paths.onChange = (changed) => {
    reach.path(changed);
    agent.onPaths();
  };
  const lockOf = (protocol: number) =>
    new InstanceLock(protocol, `${holder}, which took its routes over until it leaves this node`, peer);
  const takeover = new Takeover(disjointProtocols, lockOf, agent, log);
  const events = new KernelEvents(openEventSocket(RECEIVE_BUFFER, EVENT_GROUPS, socket), (batch) =>
    agent.onKernelEvents(batch),
  );
  const watch = new ConfigMapWatch(client, settings.namespace, settings.configMap, agent);
  const preview = () => agent.source.list && reconciler.preview(agent.source.list).map(changeText);
  const latch = settings.isRolling ? new ReadyLatch(READY) : undefined;
  const stops = doorsOf(
    settings,
    pagesOf(settings, agent, readOptional, preview, latch, (link) => reconciler.wayBack(link)),
  ).map((door) => serve(door, ({ message }) => log('error', 'http.failed', `${message}; retrying; routes are kept`)));
  const exit = (code: number) => {
    watch.stop();
    for (const stop of stops) stop();
    events.stop();
    takeover.stop();
    setImmediate(() => process.exit(code));
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => void agent.leave(watch).then(() => exit(0)));
  process.once('uncaughtException', (error) => {
    log('error', 'agent.failed', `${error.stack}`);
    exit(1);
  });
  log('info', 'agent.started', `route agent ${settings.instance} on ${settings.nodeName}`, {
    protocol: ownership.protocol,
    node: process.version,
  });
  agent.start();
  takeover.start();
  void watch.run();
}

/** API servers must prove their identity; for other targets, a connection is enough. */
function attemptBy(client: ApiClient, others: readonly Target[]): Attempt {
  return (target) => (others.includes(target) ? tryToConnect(target) : client.prove(target));
}

/** Metadata addresses of clouds: link-local in most, EC2 over IPv6, and Azure. */
const METADATA = ['169.254.0.0/16', 'fd00:ec2::254/128', '168.63.129.16/32'].map(Subnet.parse);

function dependenciesOf(
  { apiHost, apiServers, protectedSubnets }: Settings,
  remoteAddress: string | undefined,
): Dependency[] {
  const hosts = [apiHost, remoteAddress, ...apiServers.map(({ host }) => host)];
  const api = new Set(hosts.flatMap((text) => readAddress(text) ?? []).map(String));
  return [
    ...[...api].map((text) => ({ what: `the API server ${text}`, address: Address.parse(text) })),
    ...METADATA.map((subnet) => ({
      what: `the metadata range ${subnet}`,
      address: subnet.address,
      subnet,
      ifReached: true,
    })),
    ...protectedSubnets.map((subnet) => ({ what: `the protected subnet ${subnet}`, address: subnet.address, subnet })),
  ];
}

function readAddress(text: string | undefined): Address | undefined {
  try {
    return Address.parse(text);
  } catch {
    return undefined; // a host name: its address is known after the first connection
  }
}

function readOptional(path: string): string | undefined {
  try {
    return fs.readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** @throws Error that names everything that is missing. */
function start(settings: Settings): void {
  const missing = missingFrom({
    version: process.version,
    arch: process.arch,
    hasFfi: process.getBuiltinModule?.('node:ffi') !== undefined,
    permission: process.permission,
    folders: FOLDERS,
  });
  if (missing.length > 0) throw new Error(missing.join('; '));
  run(settings);
}

async function main(): Promise<void> {
  try {
    const settings = readSettings(process.env);
    const [command] = process.argv.slice(2);
    if (command === undefined) start(settings);
    else process.exitCode = await askRunningAgent(command, settings, (text) => process.stdout.write(text));
  } catch (error) {
    createLog('info', (line) => process.stdout.write(line))('error', 'agent.failed', (error as Error).message);
    process.exitCode = 1;
  }
}

void main();
