import type { Manifest } from '../dist';
import { fakeAgent, POLITE } from './fake-agent';
import { capabilitiesOf, rightsOf } from './pod-rights';
import { podOf } from './pod-spec';

const workload = (change?: (container: Record<string, unknown>) => void) => fakeAgent(POLITE, change)[0] as Manifest;

test('the pod of a workload comes from its template', () => {
  expect(podOf(workload())).toMatchObject({
    namespace: 'lab',
    labels: { app: 'stand-in' },
    container: { name: 'agent' },
  });
});

test('all fields that the lab does not support are reported at once', () => {
  const start = () =>
    podOf(
      workload((container) => {
        container.image = 'busybox:1';
        container.lifecycle = { preStop: { sleep: { seconds: 1 } } };
        container.tty = true;
        (container.volumeMounts as Record<string, unknown>[])[0] = { name: 'agent', mountPath: '/x', subPath: 'y' };
        container.securityContext = { procMount: 'Unmasked' };
      }),
    );
  expect(start).toThrow(/lifecycle: not supported by the lab/);
  expect(start).toThrow(/tty: the lab supports only false/);
  expect(start).toThrow(/mount \/x\.subPath: not supported by the lab/);
  expect(start).toThrow(/procMount: the lab supports only "Default"/);
  expect(start).toThrow(/image busybox:1: the lab has Node/);
});

test('fields without effect in the lab are noted, except those that are handled before a kubelet starts the pod', () => {
  const { notes } = podOf(
    workload((container) => {
      container.securityContext = { seccompProfile: { type: 'RuntimeDefault' } };
      container.resources = { requests: { cpu: '10m' }, limits: { memory: '64Mi', cpu: 1 } };
    }),
  );
  expect(notes).toEqual([
    'agent.securityContext.seccompProfile is not applied: the lab has no seccomp filter',
    'agent.resources.limits.cpu is not applied: the lab does not throttle',
  ]);
});

test.each([
  [{ capabilities: { drop: ['ALL'], add: ['NET_ADMIN'] } }, ['net_admin']],
  [{ capabilities: { drop: ['ALL'] } }, []],
  [{ privileged: true, capabilities: { drop: ['ALL'] } }, 'all'],
])('%j leaves the capabilities %j', (securityContext, expected) => {
  expect(capabilitiesOf({ name: 'c', securityContext })).toEqual(expected);
});

test("a container without securityContext gets the runtime's defaults; runAsNonRoot rejects root", () => {
  expect(capabilitiesOf({ name: 'c' })).toContain('net_raw');
  expect(capabilitiesOf({ name: 'c' })).not.toContain('net_admin');
  const mustNot = () => rightsOf({ containers: [], securityContext: { runAsNonRoot: true } }, { name: 'c' });
  expect(mustNot).toThrow('c: runAsNonRoot');
});
