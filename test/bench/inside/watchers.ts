/**
 * Runs in a network namespace: a number of the agent's watches on one API server. Reports every 100 ms, one JSON object
 * per line, how many are connected. Arguments: number, address, port, folder with token and ca.crt, and the milliseconds
 * over which the watches start.
 */
import { readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { ApiClient } from '../../../lib/program/api/client';
import { ConfigMapWatch } from '../../../lib/program/api/config-map-watch';

const [count = '1', address = '', port = '', folder = '', startMs = '0'] = process.argv.slice(1);
const files = new Map(['token', 'ca.crt'].map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
const client = () => new ApiClient(address, Number(port), (path) => files.get(path.split('/').at(-1) ?? '') ?? '');

let lists = 0;
const connected = new Set<number>();

for (let i = 0; i < Number(count); i++) {
  const watch = new ConfigMapWatch(client(), 'onprem-link', 'static-routes', {
    onConfigMap: () => {
      lists++;
    },
    onState: ({ state }) => {
      if (state === 'connected') connected.add(i);
      else connected.delete(i);
    },
  });
  setTimeout(() => void watch.run(), (i / Number(count)) * Number(startMs));
}

setInterval(() => writeSync(1, `${JSON.stringify({ connected: connected.size, sightings: lists })}\n`), 100);
