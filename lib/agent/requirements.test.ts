import { type Host, kernelTooOld, missingFrom } from './requirements';

const FOLDERS = ['/opt/onprem-link/', '/run/onprem-link/'];
const host = (changed: Partial<Host> = {}): Host => ({
  version: 'v26.10.0',
  arch: 'x64',
  hasFfi: true,
  permission: undefined,
  folders: FOLDERS,
  ...changed,
});
const allowing = (...allowed: string[]) => ({
  has: (scope: string, reference?: string) => allowed.includes(reference ?? scope),
});

test('nothing is missing with Node 26, without a permission model or with all permissions', () => {
  expect(missingFrom(host())).toEqual([]);
  expect(missingFrom(host({ permission: allowing('ffi', 'net', ...FOLDERS) }))).toEqual([]);
});

test.each([
  [
    'an older Node',
    { version: 'v24.1.0', hasFfi: false },
    'Node 26 is needed, this is v24.1.0: use the image that synth names',
  ],
  ['a newer Node', { version: 'v27.0.0' }, 'Node 26 is needed, this is v27.0.0: use the image that synth names'],
  ['s390x', { arch: 's390x', hasFfi: false }, "this Node has no FFI (s390x): use Node's own builds for amd64 or arm64"],
  [
    'missing flags',
    { permission: allowing('net', '/run/onprem-link/') },
    "Node's permission model is on without --allow-ffi --allow-fs-read=/opt/onprem-link/: start the agent as the DaemonSet does",
  ],
])('names %s, with what is needed', (_, changed, message) => {
  expect(missingFrom(host(changed))).toEqual([message]);
});

test('names everything that is missing at once', () => {
  expect(missingFrom(host({ version: 'v20.0.0', permission: allowing() }))).toHaveLength(2);
});

test('reports an old kernel with its answer', () => {
  expect(kernelTooOld('4.18.0', new Error('EOPNOTSUPP')).message).toBe(
    'Linux 5.3 or later is needed for nexthop objects, this is 4.18.0: EOPNOTSUPP',
  );
});
