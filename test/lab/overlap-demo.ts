import type { Reporter } from './reporter';
import { Lab } from './topology/namespaces';
import { OVERLAP } from './topology/overlap-seeds';
import { OverlapTopology } from './topology/overlap-topology';
import { missingForVpn } from './topology/vpn-requirements';

const REQUESTS = 100;

/** `npm run lab -- --overlap`: both ends use 10.0.1.0/24, and the routers load routers/example. */
export async function overlapDemo(reporter: Reporter): Promise<void> {
  const missing = missingForVpn();
  if (missing.length > 0) throw new Error(`The overlap demo needs real VPN routers, but: ${missing.join('; ')}`);
  const lab = new Lab();
  try {
    await show(reporter, await OverlapTopology.build(lab, OVERLAP));
  } finally {
    await lab.close();
  }
}

async function show(reporter: Reporter, topology: OverlapTopology): Promise<void> {
  const [near, far] = topology.routers;
  reporter.title('Two ends that use the same addresses');
  reporter.fact('cluster', `node 10.0.1.5/27, pod ${topology.pod.addresses[0]}, strict reverse path filter`);
  reporter.fact('on premise', OVERLAP.servers.map(({ name, address }) => `${name} ${address}`).join(', '));
  reporter.fact('mapped', 'nodes 10.0.1.0/27 are seen as 192.168.2.0/27, servers 10.0.1.0/24 as 192.168.1.0/24');

  reporter.title('Before');
  await reporter.step('from a pod, orders-service cannot be reached', async () => {
    const [answer] = await topology.ask(topology.pod, OVERLAP.clusterIp, 1, 500);
    return answer?.startsWith('orders') ? false : answer;
  });

  reporter.title('Both routers open the tunnel of routers/example, the agent of dist/example starts');
  await reporter.do('two CHILD_SAs, two routes effective', () => topology.connect(2));
  reporter.quote(near.childSas().map(({ name, local, remote }) => `${name}: ${local} === ${remote}`));
  reporter.quote(topology.topology.routes(4, 142).map(({ dst, gateway }) => `${dst} via ${gateway} on the node`));

  reporter.title('Packets');
  await reporter.step(`from a pod, orders-service (${OVERLAP.clusterIp}) reaches both servers`, async () => {
    const answers = await topology.ask(topology.pod, OVERLAP.clusterIp, REQUESTS);
    const [one, two] = ['orders-1', 'orders-2'].map((name) => answers.filter((answer) => answer === name).length);
    return one && two && one + two === REQUESTS
      ? `of ${REQUESTS} requests orders-1 had ${one}, orders-2 ${two}`
      : false;
  });
  await reporter.step('on-premise servers reach the node as 192.168.2.5', async () => {
    const [answer] = await topology.ask(topology.server('orders-1'), '192.168.2.5');
    return answer === 'worker-1';
  });
  await reporter.step('payroll, whose real address is that of the node, and the node reach each other', async () => {
    const [there] = await topology.ask(topology.node, '192.168.1.5');
    const [here] = await topology.ask(topology.server('payroll'), '192.168.2.5');
    return there === 'payroll' && here === 'worker-1';
  });
  await reporter.step('a subnet that is not mapped keeps its addresses', async () => {
    const [answer] = await topology.ask(topology.pod, '192.168.0.10');
    return answer === 'files';
  });

  reporter.title('On the wire');
  await reporter.step('ESP carried it', () => {
    const bytes = near.childSas().reduce((sum, { bytesIn, bytesOut }) => sum + bytesIn + bytesOut, 0);
    const agree = far.childSas().reduce((sum, { bytesIn, bytesOut }) => sum + bytesIn + bytesOut, 0) === bytes;
    return bytes > 0 && agree && `${bytes} bytes by the counters of both routers`;
  });
  await reporter.step("no real remote address on the node's wire", () => {
    const pairs = topology.wire.seen('ipv4');
    return pairs.every((pair) => /^10\.0\.1\.5 > 192\.168\.[01]\.|^192\.168\.[01]\.\d+ > 10\.0\.1\.5$/.test(pair));
  });
  reporter.quote(topology.wire.seen('ipv4'));
  await reporter.step('no unencrypted packet on the Internet', () =>
    topology.internetWire.seen('ipv4').every((pair) => !/(^| )(10\.|192\.168\.)/.test(pair)),
  );
  await reporter.step(
    'nothing for the reverse path filter to drop',
    async () => (await topology.topology.rpFilterDrops()) === 0,
  );
}
