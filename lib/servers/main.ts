import https = require('node:https');

import { randomBytes } from 'node:crypto';
import { ApiClient } from '../program/api/client';
import { ConfigMapWatch } from '../program/api/config-map-watch';
import { ApiObjects } from '../program/api/objects';
import { serve } from '../program/http-server';
import { createLog } from '../program/log';
import { Controller } from './controller';
import { doorOf, pagesOf } from './pages';
import { probe } from './probe/probe';
import type { Ask } from './prober';
import { readSettings, type Settings } from './settings';

/** The health program: `node health.cjs` probes on-premise servers and writes EndpointSlices. */

/** Concurrent requests, on persistent connections, because each new connection costs a handshake. */
const MOST_CONNECTIONS = 6;

function run(settings: Settings): void {
  const log = createLog(settings.logLevel, (line) => process.stdout.write(line));
  const { apiHost, apiPort, podName } = settings;
  const connections = new https.Agent({ keepAlive: true, maxSockets: MOST_CONNECTIONS });
  const objects = new ApiObjects(new ApiClient(apiHost, apiPort, undefined, connections));
  const clock = { now: () => performance.now(), date: () => new Date() };
  const me = `${podName}_${randomBytes(4).toString('hex')}`;
  const controller: Controller = new Controller(
    { ...settings, me },
    { objects, clock, log, ask: askBy(() => controller) },
  );
  const watch = new ConfigMapWatch(new ApiClient(apiHost, apiPort), settings.namespace, settings.configMap, controller);
  const stopServing = serve(doorOf(settings, pagesOf(controller, clock.now)), ({ message }) =>
    log('error', 'http.failed', `${message}; retrying`),
  );
  const exit = (code: number) => {
    watch.stop();
    stopServing();
    setImmediate(() => process.exit(code));
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => void controller.stop().finally(() => exit(0)));
  process.once('uncaughtException', (error) => {
    log('error', 'health.failed', `${error.stack}`);
    exit(1);
  });
  log('info', 'health.started', `health program ${me}`, { node: process.version });
  controller.start();
  void watch.run();
}

/** A server that is already down is probed once: only its recovery matters. */
function askBy(controller: () => Controller): Ask {
  return (service, address) => {
    const { namespace, name, probe: what, timeoutMs } = service;
    const health = controller().roster.get(`${namespace}/${name}`)?.servers.get(address);
    return probe(address, what, { timeoutMs, isPersistent: health?.mark !== 'down' });
  };
}

try {
  run(readSettings(process.env));
} catch (error) {
  createLog('info', (line) => process.stdout.write(line))('error', 'health.failed', (error as Error).message);
  process.exitCode = 1;
}
