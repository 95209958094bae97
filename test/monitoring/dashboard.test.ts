import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Monitoring, NodeRoutes } from '../../lib/charts';
import { manifestsOf, siteWithNetwork } from '../fixtures/charts';
import { describeLab, missingPrograms, missingRequirements } from '../lab/requirements';
import { Testbed } from '../lab/testbed';
import { waitFor } from '../lab/wait';

jest.setTimeout(120_000);

interface Dashboard {
  readonly panels: readonly {
    readonly title: string;
    readonly gridPos: { x: number; y: number; w: number; h: number };
    readonly targets?: readonly { readonly expr: string }[];
  }[];
}

function dashboardWith(option: boolean | { labels: Record<string, string> }) {
  const { site } = siteWithNetwork();
  site.onPremise('plant', { subnets: ['192.168.1.0/24'], probes: ['192.168.1.10:8080'] });
  const monitoring = new Monitoring(site, 'monitoring', { dashboard: option });
  new NodeRoutes(site, 'node-routes');
  return manifestsOf(monitoring).find(({ kind }) => kind === 'ConfigMap') as never as {
    metadata: { name: string; labels: Record<string, string>; annotations: Record<string, string> };
    data: Record<string, string>;
  };
}

const { metadata, data } = dashboardWith(true);
const dashboard = JSON.parse(Object.values(data)[0] as string) as Dashboard;
const queries = dashboard.panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })));

test("the dashboard is a ConfigMap that Grafana's sidecar finds, without variables that Flux would substitute", () => {
  expect(metadata).toMatchObject({
    name: 'onprem-link-dashboard',
    labels: { grafana_dashboard: '1' },
    annotations: { 'kustomize.toolkit.fluxcd.io/substitute': 'disabled' },
  });
  expect(Object.keys(data)).toEqual(['onprem-link-example.json']);
  expect(dashboardWith({ labels: { team: 'network' } }).metadata.labels).toMatchObject({ team: 'network' });
});

test('panels do not overlap', () => {
  const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, i) => `${x + (i % w)} ${y + Math.floor(i / w)}`),
  );
  expect(new Set(cells).size).toBe(cells.length);
  for (const { gridPos } of dashboard.panels) expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
});

/** The scrape labels that the Prometheus operator sets from the PodMonitor, for one agent. */
const SCRAPE = {
  global: { scrape_interval: '1s' },
  scrape_configs: [
    {
      job_name: 'onprem-link/onprem-link',
      static_configs: [{ targets: ['127.0.0.1:9142'], labels: { node: 'worker-1', pool: 'node-routes' } }],
    },
  ],
};
const PROBES = { PROBES: 'plant 192.168.1.0/24 192.168.1.10:8080', PROBE_EVERY_MS: '1000' };
const PORT = 9090;
const missing = [...missingRequirements(), ...missingPrograms({ prometheus: ['prometheus'] }, process.env.PATH ?? '')];

describeLab(
  'the dashboard with metrics that Prometheus reads from an agent',
  () => {
    it('has data for every query', () =>
      Testbed.run({ env: PROBES }, async (testbed) => {
        await testbed.topology.serve();
        await testbed.startReady();
        const { netns, client } = testbed.node;
        const folder = join(netns.lab.folder, 'prometheus');
        mkdirSync(folder);
        writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify(SCRAPE));
        const args = [`--config.file=${folder}/prometheus.yml`, `--storage.tsdb.path=${folder}/data`];
        const prometheus = ['prometheus', ...args, `--web.listen-address=127.0.0.1:${PORT}`];
        netns.lab.spawn('nsenter', [`--net=${netns.path}`, ...prometheus], { stdio: 'ignore' });
        const ask = async (expr: string): Promise<unknown[]> => {
          const url = `http://127.0.0.1:${PORT}/api/v1/query?query=${encodeURIComponent(expr)}`;
          const { status, body } = await client.fetch(url);
          return status === 200 ? (JSON.parse(body) as { data: { result: unknown[] } }).data.result : [];
        };
        await waitFor('Prometheus to read the agent twice', 60_000, async () => {
          const scrapes = await ask('count_over_time(up{job="onprem-link/onprem-link"}[1m]) >= 3');
          return scrapes.length > 0;
        });
        expect(await ask('up == 1')).toHaveLength(1);
        // Rates need two samples of a series.
        await waitFor(
          'Prometheus to calculate a rate',
          30_000,
          async () => (await ask('rate(onprem_link_repairs_total[5m])')).length > 0,
        );
        expect(queries.length).toBeGreaterThan(15);
        const empty: string[] = [];
        for (const { title, expr } of queries) {
          const filled = expr.replaceAll('$job', '.+').replaceAll('$node', '.+');
          if ((await ask(filled)).length === 0) empty.push(`${title}: ${filled}`);
        }
        expect(empty).toEqual([]);
      }));
  },
  missing,
);
