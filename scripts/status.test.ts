import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { REPOSITORY } from '../lib/repository';

jest.setTimeout(60_000);

/**
 * Answers as kubectl does, from files beside it, and keeps a record: each call, and how many were under way with it.
 * worker-3's agent does not answer.
 */
const KUBECTL = `#!/bin/sh
here=$(dirname "$0")
echo "$*" >> "$here/calls"
: > "$here/running/$$"
ls "$here/running" | wc -l >> "$here/counts"
case "$*" in
  *"get pods "*) cat "$here/pods" || exit 1 ;;
  *"get daemonsets "*) cat "$here/daemonsets" || exit 1 ;;
  *pods/node-routes-3:*) sleep 0.1; echo 'Error from server (ServiceUnavailable): error trying to reach service: dial tcp 10.0.1.3:9142: connect: connection refused' >&2; rm "$here/running/$$"; exit 1 ;;
  *"get --raw "*) sleep 0.1; cat "$here/status" || exit 1 ;;
  *) echo "unexpected: $*" >&2; exit 1 ;;
esac
rm "$here/running/$$"
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
  const agent = {
    ready: true,
    reason: '2 routes: 2 effective',
    list: { state: 'accepted' },
    privateNetworks: [{ family: 'IPv4', state: 'found', way: 'via 10.0.1.1 dev eth0' }],
    counts: { effective: 2 },
    reversePathDrops: 5,
  };
  writeFileSync(join(folder, 'pods'), JSON.stringify({ items: pods }));
  writeFileSync(join(folder, 'daemonsets'), JSON.stringify({ items: [{ metadata: { name: 'node-routes' }, status }] }));
  writeFileSync(join(folder, 'status'), JSON.stringify(agent));
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

test('every agent is asked through the pod proxy, a few at a time, and one that does not answer is told', () => {
  cluster(60, 62);
  const run = status('--context', 'production');
  expect(run.stderr).toBe('');
  expect(run.stdout).toBe(`NODES  READY  ROUTES  CONFLICTS  NEXT HOP           DROPS  POOL         NODE
1      NO     ?       ?          ?                  ?      node-routes  worker-3
       no answer: error trying to reach service: dial tcp its address: connect: connection refused
59     yes    2/2     0          10.0.1.1 dev eth0  5      node-routes  worker-0 … worker-59
2 nodes of node-routes have no agent: kubectl describe daemonset node-routes
59 of 60 nodes ready
`);
  expect(run.status).toBe(1);
  expect(record('calls')).toContain(
    '--context=production get --raw /api/v1/namespaces/onprem-link/pods/node-routes-7:9142/proxy/status/node-routes --request-timeout=10s',
  );
  const atOnce = Math.max(...record('counts').map(Number));
  expect(atOnce).toBeGreaterThan(4);
  expect(atOnce).toBeLessThanOrEqual(16);
});

test('all nodes ready is exit code 0, and --json is data', () => {
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
])('%s is told, with exit code 2', (_, prepare, message, args) => {
  prepare();
  const run = status(...args);
  expect([run.status, run.stderr]).toEqual([2, expect.stringContaining(message)]);
  expect(run.stderr).not.toContain('    at ');
});
