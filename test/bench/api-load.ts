import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { FakeApiServer } from '../lab/api-server/api-server';
import { grantsOf } from '../lab/api-server/rbac';
import { find, readDist } from '../lab/dist';
import { node26 } from '../lab/requirements';
import { EXAMPLE } from '../lab/testbed';
import { Lab } from '../lab/topology/namespaces';
import { NetnsClient } from '../lab/topology/netns-client';
import { waitFor } from '../lab/wait';
import { bundled, now } from './listen';
import type { Table } from './table';

const WATCHERS = Number(process.env.BENCH_WATCHERS ?? 1000);
const NODES = 10_000;
const ADDRESS = '127.0.0.1';
const PORT = 6443;
const OUTAGE_MS = 5000;
const QUIET_MS = 20_000;
const START_MS = 15_000;
const WAIT_MS = 120_000;

interface Report {
  readonly connected: number;
  readonly sightings: number;
}

/** Starts the watchers in the namespace. @returns a function that returns their last report */
function startWatchers(lab: Lab, inside: NetnsClient, ca: string): () => Report {
  writeFileSync(join(lab.folder, 'token'), 'lab-token');
  writeFileSync(join(lab.folder, 'ca.crt'), ca);
  const args = [`${WATCHERS}`, ADDRESS, `${PORT}`, lab.folder, `${START_MS}`];
  const command = [`--net=${inside.namespace.path}`, node26(), '--eval', bundled('watchers.ts'), '--', ...args];
  const child = lab.spawn('nsenter', command, { stdio: ['ignore', 'pipe', 'inherit'] });
  let last: Report = { connected: 0, sightings: 0 };
  if (child.stdout)
    createInterface({ input: child.stdout }).on('line', (line) => {
      last = JSON.parse(line) as Report;
    });
  return () => last;
}

/** Counts requests by the second after `zero` in which they arrived. */
function histogram(times: readonly number[], zero: number): string {
  const counts = new Map<number, number>();
  for (const at of times)
    counts.set(Math.floor((at - zero) / 1000), (counts.get(Math.floor((at - zero) / 1000)) ?? 0) + 1);
  return [...counts]
    .sort(([a], [b]) => a - b)
    .map(([second, count]) => `${second} s: ${count}`)
    .join(', ');
}

const scaled = (count: number) => `${Math.round((count * NODES) / WATCHERS)}`;

export async function apiLoad(): Promise<Table> {
  const lab = new Lab();
  try {
    const objects = readDist(EXAMPLE);
    const grants = grantsOf(objects, { namespace: 'onprem-link', name: 'node-routes' });
    const api = await FakeApiServer.start(lab, { names: [ADDRESS], grants });
    const list = find(objects, 'ConfigMap', 'static-routes');
    api.put(list);
    const inside = NetnsClient.of(lab.namespace('fleet'));
    await inside.listen(ADDRESS, PORT, api.socket);
    const report = startWatchers(lab, inside, api.ca);
    await waitFor(
      'all watches to connect',
      WAIT_MS,
      () => api.watches.size === WATCHERS && report().connected === WATCHERS,
      50,
    );
    const starting = api.requests.length;

    await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
    const quiet = api.requests.length - starting;

    const seen = report().sightings;
    const changed = now();
    api.put({ ...list, data: { routes: '["192.168.0.0/24"]' } });
    await waitFor('all watchers to receive the change', WAIT_MS, () => report().sightings >= seen + WATCHERS, 5);
    const fanOut = now() - changed;

    const before = api.requests.length;
    api.outage('down');
    await new Promise((resolve) => setTimeout(resolve, OUTAGE_MS));
    const back = performance.now();
    api.outage(undefined);
    await waitFor('all watches to reconnect', WAIT_MS, () => api.watches.size === WATCHERS, 50);
    const again = api.requests.slice(before);
    const writes = api.requests.filter(({ method }) => method !== 'GET').length;
    const busiest = busiestSecond(
      again.map(({ at }) => at),
      back,
    );
    return {
      title: 'Load on the API server',
      text: `${WATCHERS} of the agent's watches against the lab's API server, scaled to ${NODES.toLocaleString('en')} nodes. The server is down for ${OUTAGE_MS / 1000} s and refuses connections. Watches reconnected, by seconds since its return: ${histogram(
        again.map(({ at }) => at),
        back,
      )}.`,
      head: ['', `${WATCHERS} watchers`, `${NODES.toLocaleString('en')} nodes`],
      rows: [
        ['open watches', `${api.watches.size}`, scaled(WATCHERS)],
        ['requests to start', `${starting}`, scaled(starting)],
        [`requests in ${QUIET_MS / 1000} quiet seconds`, `${quiet}`, scaled(quiet)],
        ['requests that write', `${writes}`, scaled(writes)],
        ['requests after the outage', `${again.length}`, scaled(again.length)],
        ['of these in the busiest second', `${busiest}`, scaled(busiest)],
        ['a change reaches all watchers after (±0.1 s)', `${Math.round(fanOut)} ms`, '–'],
      ],
    };
  } finally {
    await lab.close();
  }
}

function busiestSecond(times: readonly number[], zero: number): number {
  const counts = new Map<number, number>();
  for (const at of times) {
    const second = Math.floor((at - zero) / 1000);
    counts.set(second, (counts.get(second) ?? 0) + 1);
  }
  return Math.max(0, ...counts.values());
}
