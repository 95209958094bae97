import { fakeAgent, POLITE } from './fake-agent';
import { commandOf, environmentOf, expand, podField, serviceEnvironment } from './pod-env';
import { podOf } from './pod-spec';

const place = { nodeName: 'worker-1', podIPs: ['10.0.0.1', 'fd00::1'], hostIPs: ['10.0.0.1'], uid: 'u' };
const start = (change?: (container: Record<string, unknown>) => void) => {
  const [workload] = fakeAgent(POLITE, change);
  if (!workload) throw new Error('no workload');
  return podOf(workload);
};

test.each([
  ['$(A)', '1'],
  ['x$(A)$(A)', 'x11'],
  ['$$(A)', '$(A)'],
  ['$(B)', '$(B)'],
  ['$A {A} $', '$A {A} $'],
])('%s is expanded to %s', (text, expected) => {
  expect(expand(text, { A: '1' })).toBe(expected);
});

test("the environment combines those of image, kubelet and pod; the pod's overrides the kubelet's", () => {
  const pod = start((container) => {
    (container.env as object[]).push({ name: 'KUBERNETES_SERVICE_HOST', value: 'api.example.org' });
  });
  const environment = environmentOf(pod, 'worker-1', place, serviceEnvironment('172.21.0.1', 443));
  expect(environment).toMatchObject({
    KUBERNETES_SERVICE_HOST: 'api.example.org',
    KUBERNETES_PORT: 'tcp://172.21.0.1:443',
    NODE_NAME: 'worker-1',
    POD_IP: '10.0.0.1',
    GREETING: 'hello worker-1',
  });
  expect(commandOf(pod.container, environment).slice(2)).toEqual(['worker-1', '$(NOT_THERE)', '$(NODE_NAME)']);
});

test('an IPv6 service host has brackets in URLs', () => {
  expect(serviceEnvironment('fd00::1', 443)).toMatchObject({
    KUBERNETES_SERVICE_HOST: 'fd00::1',
    KUBERNETES_PORT: 'tcp://[fd00::1]:443',
  });
});

test('the downward API supports labels, and names an unknown field', () => {
  expect(podField(start(), place, "metadata.labels['app']")).toBe('stand-in');
  expect(podField(start(), place, 'status.podIPs')).toBe('10.0.0.1,fd00::1');
  expect(() => podField(start(), place, 'status.phase')).toThrow('fieldRef status.phase');
});

test('unsupported value sources and a missing command are errors', () => {
  const secret = start((container) => {
    container.env = [{ name: 'S', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }];
  });
  expect(() => environmentOf(secret, 'h', place, {})).toThrow('env S: the lab supports value and fieldRef');
  expect(() => commandOf({ name: 'c' }, {})).toThrow('c: the pod sets no command');
});
