import type { Teller } from './teller';
import { Lab } from './topology/namespaces';
import { OverlapPicture } from './topology/overlap-picture';
import { OVERLAP } from './topology/overlap-seeds';
import { missingForVpn } from './topology/vpn-requirements';

const REQUESTS = 100;

/** `npm run lab -- --overlap`: both ends use 10.0.1.0/24, and the routers have loaded routers/example. */
export async function overlapStory(teller: Teller): Promise<void> {
  const missing = missingForVpn();
  if (missing.length > 0) throw new Error(`This needs real VPN routers, but: ${missing.join('; ')}`);
  const lab = new Lab();
  try {
    await tell(teller, await OverlapPicture.build(lab, OVERLAP));
  } finally {
    await lab.close();
  }
}

async function tell(teller: Teller, picture: OverlapPicture): Promise<void> {
  const [near, far] = picture.routers;
  teller.title('Two ends that use the same addresses');
  teller.fact('cluster', `node 10.0.1.5/27, pod ${picture.pod.addresses[0]}, strict reverse path filter`);
  teller.fact('on premise', OVERLAP.servers.map(({ name, address }) => `${name} ${address}`).join(', '));
  teller.fact('mapped', 'nodes 10.0.1.0/27 are seen as 192.168.2.0/27, servers 10.0.1.0/24 as 192.168.1.0/24');

  teller.title('Before');
  await teller.step('from a pod, orders-service goes nowhere', async () => {
    const [answer] = await picture.ask(picture.pod, OVERLAP.clusterIp, 1, 500);
    return answer?.startsWith('orders') ? false : answer;
  });

  teller.title('Both routers open the tunnel of routers/example, the agent of dist/example starts');
  await teller.do('two CHILD_SAs, two routes effective', () => picture.connect(2));
  teller.quote(near.childSas().map(({ name, local, remote }) => `${name}: ${local} === ${remote}`));
  teller.quote(picture.picture.routes(4, 142).map(({ dst, gateway }) => `${dst} via ${gateway} on the node`));

  teller.title('Packets');
  await teller.step(`from a pod, orders-service (${OVERLAP.clusterIp}) reaches both servers`, async () => {
    const answers = await picture.ask(picture.pod, OVERLAP.clusterIp, REQUESTS);
    const [one, two] = ['orders-1', 'orders-2'].map((name) => answers.filter((answer) => answer === name).length);
    return one && two && one + two === REQUESTS
      ? `of ${REQUESTS} requests orders-1 had ${one}, orders-2 ${two}`
      : false;
  });
  await teller.step('from on premise, 192.168.2.5 is the node', async () => {
    const [answer] = await picture.ask(picture.server('orders-1'), '192.168.2.5');
    return answer === 'worker-1';
  });
  await teller.step('payroll, whose real address is that of the node, and the node reach each other', async () => {
    const [there] = await picture.ask(picture.node, '192.168.1.5');
    const [here] = await picture.ask(picture.server('payroll'), '192.168.2.5');
    return there === 'payroll' && here === 'worker-1';
  });
  await teller.step('what is not mapped keeps its addresses', async () => {
    const [answer] = await picture.ask(picture.pod, '192.168.0.10');
    return answer === 'files';
  });

  teller.title('What was seen');
  await teller.step('ESP carried it', () => {
    const bytes = near.childSas().reduce((sum, { bytesIn, bytesOut }) => sum + bytesIn + bytesOut, 0);
    const agree = far.childSas().reduce((sum, { bytesIn, bytesOut }) => sum + bytesIn + bytesOut, 0) === bytes;
    return bytes > 0 && agree && `${bytes} bytes by the counters of both routers`;
  });
  await teller.step("no real remote address on the node's wire", () => {
    const pairs = picture.wire.seen('ipv4');
    return pairs.every((pair) => /^10\.0\.1\.5 > 192\.168\.[01]\.|^192\.168\.[01]\.\d+ > 10\.0\.1\.5$/.test(pair));
  });
  teller.quote(picture.wire.seen('ipv4'));
  await teller.step('nothing in the clear on the Internet', () =>
    picture.internetWire.seen('ipv4').every((pair) => !/(^| )(10\.|192\.168\.)/.test(pair)),
  );
  await teller.step(
    'nothing for the reverse path filter to drop',
    async () => (await picture.picture.rpFilterDrops()) === 0,
  );
}
