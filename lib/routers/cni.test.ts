import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Subnet } from '../network';
import { calicoPool } from './calico-pool';
import { type CniRanges, cniTexts } from './cni';

const subnets = (...texts: string[]) => texts.map((text) => Subnet.parse(text));

const EXAMPLE: CniRanges = {
  site: 'example',
  pods: subnets('172.30.0.0/16'),
  nodes: subnets('10.0.1.0/27'),
  far: subnets('192.168.0.0/24', '192.168.1.0/24'),
};

test.each(['nodes', 'themselves'] as const)('docs contain the texts for pods that are seen as %s', (seenAs) => {
  const page = readFileSync(join(__dirname, '..', '..', 'docs', 'pods.md'), 'utf8');
  for (const { title, lines, note } of cniTexts(seenAs, EXAMPLE)) {
    expect(page).toContain(title);
    expect(page).toContain(`\n${lines.join('\n')}\n`);
    expect(page).toContain(note);
  }
});

test('IPv6 has its own keys, and none if a CNI does not translate it', () => {
  const six = { ...EXAMPLE, pods: subnets('fd20::/56'), far: subnets('2001:db8:a::/64') };
  const text = (seenAs: 'nodes' | 'themselves') =>
    cniTexts(seenAs, six)
      .flatMap(({ lines }) => lines)
      .join('\n');
  expect(text('nodes')).toContain('enableIPv6Masquerade: true\nipv6NativeRoutingCIDR: fd20::/56');
  expect(text('nodes')).not.toContain('IPv4Masq');
  expect(text('themselves')).not.toContain('AWS_VPC');
});

test.each([
  ['10.0.0.0/8', 26],
  ['192.168.2.0/27', 27],
  ['192.168.2.1/32', 32],
  ['2001:db8::/64', 122],
  ['2001:db8::1/128', 128],
])('a pool over %s has blocks that fit: /%i', (cidr, blockSize) => {
  const { metadata, spec } = calicoPool('example', Subnet.parse(cidr));
  expect(spec).toEqual({
    cidr,
    blockSize,
    disabled: true,
    disableBGPExport: true,
    ipipMode: 'Never',
    vxlanMode: 'Never',
    natOutgoing: false,
  });
  expect(metadata.name).toMatch(/^example-[a-z0-9]+(-[a-z0-9]+)*$/);
});
