import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { REPOSITORY } from '../test/repository';

jest.setTimeout(60_000);

/**
 * A fake kubectl that answers from the files beside it and records each call and the number of concurrent calls.
 * The agent of worker-3 refuses connections. Worker-4 is down: kubectl waits and does not end by itself.
 */
const KUBECTL = `#!/bin/sh
here=$(dirname "$0")
echo "$*" >> "$here/calls"
: > "$here/running/$$"
ls "$here/running" | wc -l >> "$here/counts"
case "$*" in
  *"get pods "*component=server-health*) cat "$here/health-pods" 2>/dev/null || echo '{"items":[]}' ;;
  *"get pods "*) cat "$here/pods" || exit 1 ;;
  *"get daemonsets "*) cat "$here/daemonsets" || exit 1 ;;
  *pods/node-routes-3:*) sleep 0.1; echo 'Error from server (ServiceUnavailable): error trying to reach service: dial tcp 10.0.1.3:9142: connect: connection refused' >&2; rm "$here/running/$$"; exit 1 ;;
  *pods/node-routes-4:*) if [ -e "$here/dead" ]; then exec sleep 60; fi; cat "$here/metrics"; rm "$here/running/$$" ;;
  *pods/server-health-*) cat "$here/health-metrics" ;;
  *"get --raw "*) sleep 0.1; cat "$here/metrics" || exit 1 ;;
  *) echo "unexpected: $*" >&2; exit 1 ;;
esac
rm -f "$here/running/$$"
`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kubectl-'));
  mkdirSync(join(folder, 'running'));
  writeFileSync(join(folder, 'kubectl'), KUBECTL);
  chmodSync(join(folder, 'kubectl'), 0o755);
});
afterEach(() => rmSync(folder, { recursive: true }));

function cluster(nodes: number, wanted = nodes): void {
  const pods = Array.from({ length: nodes }, (_, i) => ({
    metadata: {
      name: `node-routes-${i}`,
      namespace: 'onprem-link',
      labels: { 'app.kubernetes.io/name': 'node-routes' },
    },
    spec: {
      nodeName: `worker-${i}`,
      containers: [
        { ports: [{ name: 'http', containerPort: 9142 }], env: [{ name: 'INSTANCE', value: 'node-routes' }] },
      ],
    },
  }));
  const status = { desiredNumberScheduled: wanted, currentNumberScheduled: nodes };
  const metrics = [
    'onprem_link_ready 1',
    'onprem_link_private_network_info{family="IPv4",state="found",next_hop="10.0.1.1",interface="eth0"} 1',
    'onprem_link_routes{state="effective"} 2',
    'onprem_link_rp_filter_dropped_packets_total 5',
  ];
  writeFileSync(join(folder, 'pods'), JSON.stringify({ items: pods }));
  writeFileSync(
    join(folder, 'daemonsets'),
    JSON.stringify({ items: [{ metadata: { name: 'node-routes', namespace: 'onprem-link' }, status }] }),
  );
  writeFileSync(join(folder, 'metrics'), metrics.join('\n'));
}

function status(...args: string[]) {
  const env = { ...process.env, PATH: `${folder}${delimiter}${process.env.PATH}` };
  return spawnSync(process.execPath, ['--require', 'tsx/cjs', 'scripts/status.ts', ...args], {
    cwd: REPOSITORY,
    encoding: 'utf8',
    env,
  });
}

const record = (name: string) => readFileSync(join(folder, name), 'utf8').trim().split('\n');

test('the command reads every agent through the pod proxy, a few at a time, and reports an agent that does not answer', () => {
  cluster(60, 62);
  const run = status('--context', 'production');
  expect(run.stderr).toBe('');
  expect(run.stdout).toBe(`NODES  READY  ROUTES  PODS  CONFLICTS  NEXT HOP           DROPS  POOL         NODE
1      NO     ?       ?     ?          ?                  ?      node-routes  worker-3
       no answer: the node refuses the connection, so its agent may be down
59     yes    2/2     ?     0          10.0.1.1 dev eth0  5      node-routes  worker-0 … worker-59
details: kubectl --context=production -n onprem-link describe pod node-routes-3
2 nodes of node-routes have no agent: kubectl --context=production -n onprem-link describe daemonset node-routes
59 of 60 nodes ready
`);
  expect(run.status).toBe(1);
  expect(record('calls')).toContain(
    '--context=production get --raw /api/v1/namespaces/onprem-link/pods/node-routes-7:9142/proxy/metrics --request-timeout=3s',
  );
  const atOnce = Math.max(...record('counts').map(Number));
  expect(atOnce).toBeGreaterThan(4);
  expect(atOnce).toBeLessThanOrEqual(24);
});

test('a node that is down is read in parallel with the others, times out, and is not reported as a dead API server', () => {
  cluster(6);
  writeFileSync(join(folder, 'dead'), '');
  const run = status();
  expect(run.stdout).toContain(
    'worker-4\n       no answer: timed out after 3 s; the API server answers, so the node may be down\n',
  );
  expect(run.stdout).toContain('4 of 6 nodes ready');
  expect(run.status).toBe(1);
});

test('servers that are down are listed below the nodes', () => {
  cluster(2);
  const metadata = { name: 'server-health-0', namespace: 'onprem-link-health', labels: {} };
  const spec = { nodeName: 'worker-1', containers: [{ ports: [{ name: 'http', containerPort: 9143 }] }] };
  writeFileSync(join(folder, 'health-pods'), JSON.stringify({ items: [{ metadata, spec }] }));
  const labels = 'service_namespace="shop",service="orders"';
  const server = 'server="192.168.1.10",real="10.0.1.10"';
  const metrics = [
    'onprem_link_health_leader 1',
    `onprem_link_health_service_servers{${labels}} 2`,
    `onprem_link_health_service_servers_up{${labels}} 1`,
    `onprem_link_health_server_state{${labels},${server},state="down"} 1`,
    `onprem_link_health_server_trouble{${labels},${server},reason="HTTP 500"} 1`,
  ];
  writeFileSync(join(folder, 'health-metrics'), metrics.join('\n'));
  const run = status();
  expect(run.stdout).toContain(
    'servers: 1 of 2 up in 1 Service\n       shop/orders: 1 of 2 up; 10.0.1.10 down: HTTP 500\n',
  );
  expect(run.status).toBe(0);
});

test('if the reader of the output ends early, there is no stack trace', () => {
  cluster(2);
  const env = { ...process.env, PATH: `${folder}${delimiter}${process.env.PATH}` };
  const command = `"${process.execPath}" --require tsx/cjs scripts/status.ts --json | true`;
  expect(spawnSync('sh', ['-c', command], { cwd: REPOSITORY, encoding: 'utf8', env }).stderr).toBe('');
});

test('if all nodes are ready, the exit code is 0; --json prints data', () => {
  cluster(2);
  const run = status('--json', '--namespace', 'onprem-link');
  expect(run.status).toBe(0);
  expect(JSON.parse(run.stdout)).toMatchObject({ answers: [{ node: 'worker-0' }, { node: 'worker-1' }], missing: [] });
  expect(record('calls')[0]).toContain('--namespace=onprem-link');
});

test.each<[string, () => void, string, string[]]>([
  ['a cluster without agents', () => cluster(0), 'there is no agent in this cluster\n', []],
  ['kubectl that fails', () => {}, 'No such file or directory', []],
  ['an unknown option', () => cluster(1), "Unknown option '--nonsense'", ['--nonsense']],
])('%s is reported with exit code 2', (_, prepare, message, args) => {
  prepare();
  const run = status(...args);
  expect([run.status, run.stderr]).toEqual([2, expect.stringContaining(message)]);
  expect(run.stderr).not.toContain('    at ');
});
