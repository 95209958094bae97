import { areServersHealthy, type HealthAnswer, readServerHealth, serverHealthLines } from './server-health';

const LABELS = 'service_namespace="shop",service="orders"';
const server = (address: string, state: string) =>
  ['up', 'failing', 'held', 'down']
    .map(
      (one) =>
        `onprem_link_health_server_state{${LABELS},server="${address}",real="${address}",state="${one}"} ${Number(one === state)}`,
    )
    .join('\n');

/** The /metrics page of a replica that probes a Service with two servers. */
function metrics({ leads = 1, mode = 'normal', second = 'up', everything = 0 } = {}): string {
  return `onprem_link_health_leader ${leads}
onprem_link_health_everything_down ${everything}
onprem_link_health_service_servers{${LABELS}} 2
onprem_link_health_service_servers_up{${LABELS}} ${second === 'up' ? 2 : 1}
onprem_link_health_service_mode{${LABELS},mode="${mode}"} 1
${server('10.0.1.10', 'up')}
${server('10.0.1.11', second)}
${second === 'up' ? '' : `onprem_link_health_server_trouble{${LABELS},server="10.0.1.11",real="10.0.1.11",reason="connection refused"} 1`}
`;
}

const answer = (status: HealthAnswer['status']): HealthAnswer => ({
  namespace: 'onprem-link-health',
  pod: 'a',
  status,
});
const saying = (...texts: string[]) => texts.map((text) => answer(readServerHealth(text)));

test('shows nothing if the program is not installed', () => {
  expect([serverHealthLines([]), areServersHealthy([])]).toEqual([[], true]);
});

test('shows one line while all servers are up, and believes the leader', () => {
  const answers = saying(metrics({ leads: 0, second: 'down' }), metrics());
  expect([serverHealthLines(answers), areServersHealthy(answers)]).toEqual([['servers: 2 of 2 up in 1 Service'], true]);
});

test('names a server that is down with its reason; the Service is still healthy', () => {
  const answers = saying(metrics({ second: 'down' }));
  expect(serverHealthLines(answers)).toEqual([
    'servers: 1 of 2 up in 1 Service',
    '       shop/orders: 1 of 2 up; 10.0.1.11 down: connection refused',
  ]);
  expect(areServersHealthy(answers)).toBe(true);
});

test.each([
  ['all down', saying(metrics({ mode: 'panic', second: 'down' })), 'too few, so all of them get connections'],
  [
    'no server reachable',
    saying(metrics({ everything: 1 })),
    'none answers, so the network path to them has probably failed',
  ],
  ['no leader', saying(metrics({ leads: 0 })), 'no replica of the server health program is the leader'],
  ['no answer', [answer({ error: 'connection refused' })], 'is the leader: connection refused'],
])('reports trouble: %s', (_, answers, text) => {
  expect(serverHealthLines(answers).join('\n')).toContain(text);
  expect(areServersHealthy(answers)).toBe(false);
});

test('rejects the metrics of another program', () => {
  expect(() => readServerHealth('onprem_link_ready 1\n')).toThrow('is not the server health program');
});
