import { farEnd, SEEDS } from '../../test/fixtures/routers';
import { Address, Mapping, PODS_ASSUMED, type PodsSeenAs } from '../network';
import { sheet } from './sheet';
import type { Tunnel } from './tunnel';

const PODS = Mapping.parse({ real: '172.30.0.0/16', mapped: '172.25.0.0/16' });

function tunnelWith(seenAs: PodsSeenAs | undefined, nextHops: readonly Address[] = []): Tunnel {
  const { local } = SEEDS;
  const subnets = seenAs === 'themselves' ? [...local.subnets, PODS] : local.subnets;
  return { ...SEEDS, local: { ...local, subnets, pods: { ranges: [PODS], seenAs, nextHops } } };
}

const section = (text: string, title: string) =>
  text.split(/^## /m).find((part) => part.startsWith(`${title}\n`)) ?? '';

test.each([undefined, 'nodes'] as const)("pods seen as %s: both sheets name the nodes' addresses", (seenAs) => {
  const tunnel = tunnelWith(seenAs);
  const statement =
    'Packets from pods (172.30.0.0/16) reach on-premise datacentre with the address of their node: 10.0.1.0/27, which the other end sees as 192.168.2.0/27.';
  for (const end of [tunnel, farEnd(tunnel)]) {
    const pods = section(sheet(end), 'Pods');
    expect(pods).toContain(statement);
    expect(pods.includes(PODS_ASSUMED)).toBe(seenAs === undefined);
    expect(section(sheet(end), 'Firewall')).not.toContain('172.25');
  }
});

test("the cluster's sheet contains the CNI configuration once the site states how pods are seen", () => {
  const pods = (tunnel: Tunnel) => section(sheet(tunnel), 'Pods');
  expect(pods(tunnelWith(undefined))).not.toContain('Cilium');
  expect(pods(tunnelWith('nodes'))).toContain('ipv4NativeRoutingCIDR: 172.30.0.0/16');
  const themselves = tunnelWith('themselves');
  expect(pods(themselves)).toContain('disableBGPExport: true');
  expect(pods(themselves)).toContain('AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS=192.168.0.0/24,192.168.1.0/24');
  expect(pods(farEnd(themselves))).not.toContain('Cilium');
});

test('pods seen as themselves get selectors, firewall openings and translations on both sheets', () => {
  const tunnel = tunnelWith('themselves');
  expect(section(sheet(tunnel), 'Traffic selectors')).toContain('| 172.25.0.0/16 | 192.168.1.0/24 |');
  expect(section(sheet(tunnel), 'Address translation')).toContain('| subnet | 172.30.0.0/16 | 172.25.0.0/16 |');
  expect(section(sheet(tunnel), 'Firewall')).toContain(
    '| 192.168.1.0/24 | 172.30.0.0/16, which the other end sees as 172.25.0.0/16 |',
  );
  expect(section(sheet(farEnd(tunnel)), 'Firewall')).toContain('| 172.25.0.0/16 | 192.168.0.0/24 |');
});

test('the route to pods is listed, or named as learned by other means', () => {
  const known = section(sheet(tunnelWith('themselves', [Address.parse('10.0.1.5')])), 'Routes');
  expect(known).toContain('| 172.30.0.0/16 | 10.0.1.5 (eth0) |');
  const learned = section(sheet(tunnelWith('themselves')), 'Routes');
  expect(learned).toContain('172.30.0.0/16 (pods): by other means');
  expect(learned).toContain('10.0.1.0/27: connected by eth0.');
});
