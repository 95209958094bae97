import type { Pod } from './pod';
import { describeLab, node26 } from './requirements';
import { Scene } from './scene';
import { waitFor } from './wait';

jest.setTimeout(120_000);

/** Of each kind, at each of the two addresses: 500 in all. */
const EACH = 250;
const PROBES = ['startup', 'liveness', 'readiness'] as const;

/**
 * Holds so many connections of each kind open to both addresses of the agent, opening a new one 5 s after the agent
 * closed one, and asks for /diff as fast as it can, until stdin ends. It prints one line once all were connected.
 */
const FLOOD = `
const net = require('node:net');
const http = require('node:http');
const [, outside, each] = process.argv;
const PORT = 9142;
const PAGE = 'GET /metrics HTTP/1.1\\r\\nhost: a\\r\\n\\r\\n';
const kinds = [
  () => undefined,
  (socket) => socket.pause().write(PAGE),
  (socket) => socket.pause().write(PAGE.repeat(50)),
  (socket) => socket.write('GET /status/node-routes HTTP/1.1\\r\\nhost: a\\r\\n'),
];
let missing = 2 * kinds.length * each;
const hold = (host, kind) => {
  let isNew = true;
  const open = () => {
    const socket = net.connect(PORT, host, () => {
      kind(socket);
      if (isNew && --missing === 0) console.log('connected');
      isNew = false;
    });
    socket.on('error', () => undefined).on('close', () => setTimeout(open, 5000));
  };
  open();
};
for (const host of ['127.0.0.1', outside]) for (const kind of kinds) for (let i = 0; i < each; i++) hold(host, kind);
const storm = () => http.get({ host: '127.0.0.1', port: PORT, path: '/diff/node-routes', agent: false }, (answer) => answer.resume().on('close', storm)).on('error', () => setTimeout(storm, 10));
for (let i = 0; i < 8; i++) storm();
process.stdin.resume().on('end', () => process.exit());
`;

describeLab('the door is closed', () => {
  it('outside the node there are the metrics alone, which name nothing of on premise', () =>
    Scene.play({ list: [{ subnet: '192.168.77.0/24', comment: 'the vault' }] }, async (scene) => {
      await scene.startReady();
      const outside = `http://${scene.node.addresses[0]}:9142`;
      const fetch = (path: string) => scene.node.inside.fetch(`${outside}${path}`);
      for (const path of ['status', 'diff', 'livez', 'readyz'])
        expect((await fetch(`/${path}/node-routes`)).status).toBe(404);
      const { status, body } = await fetch('/metrics');
      expect(status).toBe(200);
      expect(body).toContain('onprem_link_ready 1\n');
      expect(body).not.toMatch(/192\.168\.|vault/);
      expect((await scene.get('/status/node-routes')).status).toBe(200);
    }));

  it('500 connections of each kind and a storm on /diff lose no probe and delay no repair beyond its goal', () =>
    Scene.play({}, async (scene) => {
      const pod = await scene.startReady();
      const [outside] = scene.node.addresses;
      const command = [node26(), '--eval', FLOOD, `${outside}`, `${EACH}`];
      const flood = scene.node.netns.lab.spawn('nsenter', [`--net=${scene.node.netns.path}`, ...command], {
        stdio: 'pipe',
      });
      let said = '';
      flood.stdout?.setEncoding('utf8').on('data', (text: string) => {
        said += text;
      });
      await waitFor('the flood to be connected', 60_000, async () => said.includes('connected'));
      for (let round = 0; round < 10; round++) {
        scene.ip('route del 192.168.0.0/24');
        await scene.untilOwned(['192.168.0.0/24', '192.168.1.0/24']);
        await probesAnswer(pod);
      }
      expect((await scene.node.inside.fetch(`http://${outside}:9142/metrics`, { timeoutMs: 3000 })).status).toBe(200);
      flood.kill();
      expect(pod.logs.lines.filter(({ json }) => json?.level === 'error')).toEqual([]);
    }));
});

async function probesAnswer(pod: Pod): Promise<void> {
  for (const kind of PROBES)
    expect({ kind, ...(await pod.probe(kind)) }).toEqual({ kind, ok: true, status: 200, body: expect.any(String) });
}
