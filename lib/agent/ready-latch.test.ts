import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ReadyLatch } from './ready-latch';

const GOOD = { ready: true, reason: '2 routes: 2 effective' };
const BAD = { ready: false, reason: '192.168.0.0/24 waiting: no next hop' };
const LATCHED = { ready: true, reason: `this pod stays Ready because its list was confirmed, but: ${BAD.reason}` };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latch-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('a pod becomes Ready when all is well for the first time and stays Ready, with the trouble as its reason', () => {
  const latch = new ReadyLatch(join(folder, 'ready'));
  expect([BAD, BAD, GOOD, BAD, GOOD].map((now) => latch.answer(now))).toEqual([BAD, BAD, GOOD, LATCHED, GOOD]);
});

test('a restarted container of the same pod remembers; another pod starts again', () => {
  new ReadyLatch(join(folder, 'ready')).answer(GOOD);
  expect(new ReadyLatch(join(folder, 'ready')).answer(BAD)).toEqual(LATCHED);
  expect(new ReadyLatch(join(folder, 'of-another-pod')).answer(BAD)).toEqual(BAD);
});

test('a volume that cannot be written does not change the answer', () => {
  const latch = new ReadyLatch(join(folder, 'not', 'there'));
  expect([GOOD, BAD].map((now) => latch.answer(now))).toEqual([GOOD, LATCHED]);
});
