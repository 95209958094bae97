import type { SiteTopology } from '../topology';
import { diagramOf } from './diagram';
import { embed } from './embed';

/**
 * A site with the given number of subnets in each network, every third one mapped, and the given number of Services.
 */
function picture(subnets: readonly number[], services: number): SiteTopology {
  const subnet = (network: number, i: number) => ({
    real: `10.${100 + network}.${i}.0/24`,
    ...(i % 3 === 1 && { mapped: `192.168.${i}.0/24` }),
  });
  return {
    site: 'example',
    nodes: [{ real: '10.0.1.0/27', mapped: '192.168.2.0/27' }],
    pods: [{ real: '172.30.0.0/16' }],
    privateNetworks: ['10.0.0.0/8'],
    networks: subnets.map((count, network) => ({
      name: `network-${network}`,
      subnets: Array.from({ length: count }, (_, i) => subnet(network, i)),
      vpn: { cluster: '203.0.113.1', onPremise: `192.0.2.${network + 1}` },
    })),
    services: Array.from({ length: services }, (_, i) => {
      const network = i % subnets.length;
      const place = (i * 7) % (subnets[network] as number);
      return {
        name: `shop/service-${i}`,
        ports: [8080],
        servers: [{ network, subnet: place, real: `10.${100 + network}.${place}.10` }],
      };
    }),
    otherRoutes: [],
  };
}

test.each([
  ['nodes', '<br/>pods 172.30.0.0/16<br/>seen on premise as their node"'],
  ['themselves', '<br/>pods 172.30.0.0/16<br/>seen on premise as 172.25.0.0/16"'],
] as const)('says that pods are seen as %s', (podsSeenAs, text) => {
  const pods = [{ real: '172.30.0.0/16', ...(podsSeenAs === 'themselves' && { mapped: '172.25.0.0/16' }) }];
  expect(diagramOf({ ...picture([1], 1), pods, podsSeenAs })).toContain(text);
});

const boxesIn = (text: string) => text.match(/:::/g)?.length ?? 0;

test.each([
  ['one subnet', [1], 1],
  ['two networks, some subnets in one box', [3, 9], 2],
  ['ten networks', Array<number>(10).fill(20), 3],
] as const)('draws %s', (_, subnets, services) => {
  expect(diagramOf(picture(subnets, services))).toMatchSnapshot();
});

test.each([1, 5, 50, 200])('with %i subnets draws no more boxes than a page holds', (count) => {
  for (const networks of [[count], [count, count], Array<number>(40).fill(count)])
    expect(boxesIn(diagramOf(picture(networks, count)))).toBeLessThanOrEqual(28);
});

test('every arrow ends at a box of the diagram', () => {
  for (const networks of [[1], [7], [8], [200], [30, 4], Array<number>(12).fill(9)]) {
    const text = diagramOf(picture(networks, 30));
    const ends = [...text.matchAll(/-\.->|==>(?:\|[^|]*\|)?|---/g)].map(({ index, 0: arrow }) =>
      text
        .slice(index + arrow.length)
        .split('\n')[0]
        ?.trim()
        .split(' & '),
    );
    for (const end of ends.flat()) expect(text).toMatch(new RegExp(`^ *${end}[[({]`, 'm'));
  }
});

test('draws a subnet with servers wherever it is in the list', () => {
  const site = picture([100], 1);
  const servers = [{ network: 0, subnet: 99, real: '10.100.99.10' }];
  const text = diagramOf({ ...site, services: [{ name: 'shop/late', ports: [80], servers }] });
  expect(text).toContain('<b>10.100.99.0/24</b><br/>servers 10.100.99.10');
  expect(text).toContain('service0 -.-> subnet0x99');
});

test('returns the same text for the same site', () => {
  expect(diagramOf(picture([50], 9))).toBe(diagramOf(picture([50], 9)));
});

describe('embedding into Markdown', () => {
  const diagrams = new Map([
    ['north', 'flowchart LR\nnorth\n'],
    ['south', 'flowchart LR\nsouth\n'],
  ]);
  const block = (name: string) => `\n\`\`\`mermaid\nflowchart LR\n${name}\n\`\`\`\n\n`;

  test('replaces the text between the markers with the diagrams of all sites or of one, and keeps the rest', () => {
    const text = 'a\n<!-- diagram -->\nold\n<!-- /diagram -->\nb\n<!-- diagram: south -->\n<!-- /diagram -->\n';
    const now = `a\n<!-- diagram -->\n${block('north')}${block('south')}<!-- /diagram -->\nb\n<!-- diagram: south -->\n${block('south')}<!-- /diagram -->\n`;
    expect(embed(text, diagrams)).toBe(now);
    expect(embed(now, diagrams)).toBe(now);
  });

  test('keeps a file without markers unchanged', () =>
    expect(embed('`<!-- diagram -->`\n', diagrams)).toBe('`<!-- diagram -->`\n'));

  test('rejects a marker that names an unknown site', () => {
    expect(() => embed('<!-- diagram: west -->\n<!-- /diagram -->', diagrams)).toThrow(
      'there is no site west; there is north, south',
    );
  });
});
