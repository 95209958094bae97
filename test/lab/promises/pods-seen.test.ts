import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PodsSeenAs } from '../../../lib/network';
import { isConsistent, proofsOf } from '../../../lib/review';
import { describeLab, missingRequirements } from '../requirements';
import { Lab, type Namespace } from '../topology/namespaces';
import { NetnsClient, type NetnsHttpServer } from '../topology/netns-client';
import {
  CLUSTER_IP,
  NODE,
  OTHER_SOURCE,
  POD,
  PodsTopology,
  SEEN_SERVERS,
  SERVERS,
  synthesisePods,
} from '../topology/pods-topology';
import { missingForVpn } from '../topology/vpn-requirements';
import { waitFor } from '../wait';

jest.setTimeout(90_000);

const MISSING = [...missingRequirements(), ...missingForVpn()];
const NAMES = Object.keys(SERVERS) as (keyof typeof SERVERS)[];

let folder: string;
let lab: Lab;
let topology: PodsTopology;
let servers: Record<keyof typeof SERVERS, NetnsHttpServer>;

async function start(seenAs: PodsSeenAs): Promise<void> {
  folder = mkdtempSync(join(tmpdir(), 'pods-seen-'));
  expect(proofsOf(synthesisePods(folder, seenAs)).every(isConsistent)).toBe(true);
  lab = new Lab();
  topology = await PodsTopology.build(lab, folder, seenAs);
  const started = NAMES.map(async (name) => [
    name,
    await NetnsClient.of(topology.server).serve(SERVERS[name], 8080, name),
  ]);
  servers = Object.fromEntries(await Promise.all(started));
}

async function stop(): Promise<void> {
  await lab?.close();
  rmSync(folder, { recursive: true });
}

/** The body of the answer to a request, or its error. */
async function ask(from: Namespace, address: string, timeoutMs = 5000): Promise<string> {
  const { body, error } = await NetnsClient.of(from).fetch(`http://${address}:8080/`, { timeoutMs });
  return error ?? body;
}

/** The source address of a request as each server sees it. */
async function seenFrom(from: Namespace): Promise<string[]> {
  const seen: string[] = [];
  for (const name of NAMES) {
    await waitFor(`an answer of ${name}`, 15_000, async () => (await ask(from, SEEN_SERVERS[name])) === name);
    seen.push((await servers[name].seen()).at(-1) as string);
  }
  return seen;
}

describeLab(
  'pods seen as nodes, behind routers that loaded the generated files',
  () => {
    beforeAll(() => start('nodes'));
    afterAll(stop);

    it('a CNI that keeps pod addresses contradicts the setting: no selector carries these packets', async () => {
      expect(await ask(topology.pod, SEEN_SERVERS.plain, 1500)).toBe('TIMEOUT');
      expect(await servers.plain.seen()).toEqual([]);
    });

    it('with masquerade, servers see the mapped address of the node', async () => {
      topology.masquerade(true);
      expect(await seenFrom(topology.pod)).toEqual(Array(3).fill('192.168.2.5'));
    });

    it('the source of a route applies to the node’s own packets, not to those of pods', async () => {
      topology.node.ip('route', 'replace', 'default', 'via', '10.0.1.1', 'proto', 'static', 'src', OTHER_SOURCE);
      expect(await seenFrom(topology.node)).toEqual(Array(3).fill('192.168.2.6'));
      expect(await seenFrom(topology.pod)).toEqual(Array(3).fill('192.168.2.5'));
      topology.node.ip('route', 'replace', 'default', 'via', '10.0.1.1', 'proto', 'static');
    });
  },
  MISSING,
);

describeLab(
  'pods seen with mapped addresses, because the on-premise network uses the pod range too',
  () => {
    beforeAll(() => start('themselves'));
    afterAll(stop);

    it('servers see the mapped address of the pod, and that of the node if the node calls', async () => {
      expect(await seenFrom(topology.pod)).toEqual(Array(3).fill('172.25.7.2'));
      expect(await seenFrom(topology.node)).toEqual(Array(3).fill('192.168.2.5'));
    });

    it('an on-premise server calls a pod by its mapped address, and a node by its own', async () => {
      const inPod = await NetnsClient.of(topology.pod).serve(POD, 8080, 'pod');
      const onNode = await NetnsClient.of(topology.node).serve(NODE, 8080, 'node');
      expect(await ask(topology.server, '172.25.7.2')).toBe('pod');
      expect(await ask(topology.server, '192.168.2.5')).toBe('node');
      expect([await inPod.seen(), await onNode.seen()]).toEqual([['192.168.0.10'], ['192.168.0.10']]);
    });

    it('the far router translates back servers that have addresses of pods and nodes, per tunnel', () => {
      const pairs = topology.near.childSas().map(({ local, remote }) => `${local} ${remote}`);
      expect(pairs.sort()).toEqual(
        ['172.25.0.0/16', '192.168.2.0/27'].flatMap((local) =>
          ['192.168.0.0/24', '192.168.1.0/24', '192.168.9.0/24'].map((remote) => `${local} ${remote}`),
        ),
      );
      expect(Math.min(...topology.near.childSas().map(({ bytesOut }) => bytesOut))).toBeGreaterThan(0);
    });

    it('a CNI that masquerades contradicts the setting: servers see the node', async () => {
      topology.masquerade(true);
      expect(await seenFrom(topology.pod)).toEqual(Array(3).fill('192.168.2.5'));
      topology.masquerade(false);
    });

    it('a Service keeps the pod’s address, unless kube-proxy masquerades everything', async () => {
      for (const [masqueradesAll, seen] of [
        [false, '172.25.7.2'],
        [true, '192.168.2.5'],
      ] as const) {
        topology.proxy(masqueradesAll);
        expect(await ask(topology.pod, CLUSTER_IP)).toBe('likeNodes');
        expect((await servers.likeNodes.seen()).at(-1)).toBe(seen);
      }
    });

    it('without its route to the pods, the router has nowhere to send the answer', async () => {
      topology.near.run('ip', 'route', 'del', '172.30.0.0/16');
      expect(await ask(topology.pod, SEEN_SERVERS.plain, 1500)).toBe('TIMEOUT');
      topology.near.run('ip', 'route', 'add', '172.30.0.0/16', 'via', NODE, 'dev', 'eth0');
      expect(await seenFrom(topology.pod)).toEqual(Array(3).fill('172.25.7.2'));
    });
  },
  MISSING,
);
