import { describeLab } from '../requirements';
import { Lab } from './namespaces';
import { DUAL_STACK, SEEDS, Topology, type TopologyOptions } from './topology';

jest.setTimeout(30_000);

/** A topology with other addresses, two nodes and two routers. */
const ELSEWHERE: TopologyOptions = {
  nodes: [
    { name: 'node-a', private: ['172.20.5.11/24'], public: ['192.0.2.11/24'] },
    { name: 'node-b', private: ['172.20.5.12/24'], public: ['192.0.2.12/24'] },
  ],
  routers: [['172.20.5.1/24'], ['172.20.5.254/24']],
  privateNetworks: ['172.16.0.0/12'],
  gateway: ['192.0.2.1/24'],
  apiServer: ['203.0.113.77'],
  servers: [{ name: 'files', addresses: ['10.50.8.20/21'] }],
  rpFilter: 1,
};

async function withTopology(options: TopologyOptions, body: (topology: Topology) => Promise<void>): Promise<void> {
  const lab = new Lab();
  try {
    await body(Topology.build(lab, options));
  } finally {
    await lab.close();
  }
}

describeLab('the topology', () => {
  it('without a route, the reverse path filter drops and counts packets from the on-premise network', () =>
    withTopology(SEEDS, async (topology) => {
      expect(await topology.rpFilterDrops()).toBe(0);
      const exchanges = await topology.exchange(topology.node, 300);
      expect(exchanges.map(({ server, toNode }) => [server, toNode.error])).toEqual([
        ['orders-1', 'TIMEOUT'],
        ['orders-2', 'TIMEOUT'],
      ]);
      expect(exchanges.every(({ fromNode }) => fromNode.status === 0)).toBe(true);
      expect(await topology.rpFilterDrops()).toBeGreaterThanOrEqual(2);
      expect(await topology.answered()).toBe(false);
    }));

  it('with the route, requests in both directions are answered, and nothing is dropped', () =>
    withTopology(SEEDS, async (topology) => {
      for (const subnet of ['192.168.0.0/24', '192.168.1.0/24']) {
        topology.node.netns.ip('route', 'add', subnet, 'via', '10.184.0.1', 'proto', '142');
      }
      expect(await topology.answered()).toBe(true);
      expect(await topology.rpFilterDrops()).toBe(0);
      expect(topology.routes(4, 142)).toMatchObject([
        { dst: '192.168.0.0/24', gateway: '10.184.0.1', dev: 'priv', protocol: '142', table: '254' },
        { dst: '192.168.1.0/24', gateway: '10.184.0.1' },
      ]);
    }));

  it('supports both families, nexthop objects and tables', () =>
    withTopology(DUAL_STACK, async (topology) => {
      expect(await topology.exchange(topology.node, 300)).toHaveLength(4);
      topology.node.netns.batch([
        'nexthop add id 4 via 10.184.0.1 dev priv proto 142',
        'nexthop add id 6 via fd00:184::1 dev priv proto 142',
        'route add 192.168.0.0/16 nhid 4 proto 142',
        'route add 2001:db8::/32 nhid 6 proto 142',
        'route add 192.168.7.0/24 nhid 4 proto 142 table 99',
      ]);
      expect(await topology.answered()).toBe(true);
      expect(topology.nexthops().map(({ id, protocol }) => [id, protocol])).toEqual([
        [4, '142'],
        [6, '142'],
      ]);
      expect(topology.routes(6, 142)).toMatchObject([{ dst: '2001:db8::/32', nhid: 6 }]);
      expect(topology.routes(4, 142).map(({ table }) => table)).toEqual(['99', '254']);
    }));

  it('works with other networks, and with several nodes and routers', () =>
    withTopology(ELSEWHERE, async (topology) => {
      const [a, b] = topology.nodes;
      a?.netns.ip('route', 'add', '10.50.8.0/21', 'via', '172.20.5.1');
      expect(await topology.answered(a)).toBe(true);
      expect(await topology.answered(b, 300)).toBe(false);
      b?.netns.ip('route', 'add', '10.50.8.0/21', 'via', '172.20.5.254');
      expect(await topology.answered(b)).toBe(true);
    }));

  it('the node reaches the API server through the public default route', () =>
    withTopology(SEEDS, async (topology) => {
      const api = await topology.internet.client.serve('203.0.113.10', 6443, 'api');
      expect(await topology.node.client.fetch(api.url)).toMatchObject({ body: 'api' });
      expect(await api.seen()).toEqual(['198.51.100.2']);
    }));
});
