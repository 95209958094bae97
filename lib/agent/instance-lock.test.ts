import { connect, createServer, type Server, type Socket } from 'node:net';
import { waitFor } from '../../test/lab/wait';
import { InstanceLock } from './instance-lock';

jest.setTimeout(30_000);

/** Numbers that only this process uses: the locks are shared by the whole machine. */
let protocol = 100_000 + process.pid * 10;
beforeEach(() => {
  protocol++;
  peer = 0;
  squatters.length = 0;
});

const open: { release(): void }[] = [];
let peer = 0;
const squatters: (number | undefined)[] = [];
const lock = (holder: string) => {
  const made = new InstanceLock(
    protocol,
    holder,
    () => peer,
    (user) => squatters.push(user),
  );
  open.push(made);
  return made;
};
afterEach(() => {
  for (const each of open.splice(0)) each.release();
});

/** Another process on the lock's socket. */
async function stranger(answer: Parameters<typeof createServer>[1]): Promise<void> {
  const server: Server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(`\0onprem-link/route-protocol/${protocol}`, resolve));
  open.push({ release: () => server.close() });
}

test('the first process gets the lock, and the second learns the holder', async () => {
  expect(await lock('default/one').acquire()).toBeUndefined();
  expect(await lock('default/two').acquire()).toBe('default/one');
});

test('keeps the lock until it is released, and asking again changes nothing', async () => {
  const first = lock('default/one');
  const second = lock('default/two');
  await first.acquire();
  expect(await first.acquire()).toBeUndefined();
  first.release();
  first.release();
  expect(await second.acquire()).toBeUndefined();
  expect(await first.acquire()).toBe('default/two');
});

test('only one of two concurrent requests gets it', async () => {
  const answers = await Promise.all(['default/one', 'default/two'].map((name) => lock(name).acquire()));
  expect(answers.filter((answer) => answer === undefined)).toHaveLength(1);
});

test('reports whether it is held without taking it', async () => {
  const first = lock('default/one');
  const second = lock('default/two');
  expect(await second.isHeld()).toBe(false);
  await first.acquire();
  expect([await first.isHeld(), await second.isHeld()]).toEqual([true, true]);
  first.release();
  expect(await second.isHeld()).toBe(false);
});

test('a holder that is too busy to answer still holds it', async () => {
  const held = lock('default/one');
  const silent: Socket[] = [];
  await stranger((socket) => silent.push(socket));
  expect(await held.isHeld()).toBe(true);
  for (const socket of silent) socket.destroy();
});

test('each protocol number has a separate lock', async () => {
  const first = lock('default/one');
  protocol++;
  const second = lock('default/two');
  expect([await first.acquire(), await second.acquire()]).toEqual([undefined, undefined]);
});

test('reports a silent holder as another agent', async () => {
  await stranger((socket) => socket.end());
  expect(await lock('default/one').acquire()).toBe('another agent');
});

test('cuts off a holder that sends endless data', async () => {
  await stranger((socket) => {
    socket.on('error', () => undefined);
    const talk = () => socket.write('x'.repeat(10_000), (error) => error || talk());
    talk();
  });
  expect(await lock('default/one').acquire()).toBe('x'.repeat(1024));
});

test('reports a process of another user that took the name, ignores it, and takes the lock when it is gone', async () => {
  peer = 65_534;
  let close: () => void = () => undefined;
  await stranger((socket) => socket.end('default/one'));
  close = (open.at(-1) as { release(): void }).release;
  const first = lock('default/one');
  expect(await first.isHeld()).toBe(false);
  expect(await first.acquire()).toBeUndefined();
  expect(await first.acquire()).toBeUndefined();
  expect(squatters).toEqual([65_534]);
  close();
  peer = 0;
  const second = lock('default/two');
  const isTaken = async () => {
    const holder = await second.acquire();
    second.release();
    return holder === 'default/one';
  };
  await waitFor('the first one to take the lock', 20_000, isTaken, 50);
});

test('a thousand clients that ask and never end do not block the next one', async () => {
  await lock('default/one').acquire();
  const sockets = Array.from({ length: 1000 }, () =>
    connect({ path: `\0onprem-link/route-protocol/${protocol}`, allowHalfOpen: true }),
  );
  await Promise.all(
    sockets.map(
      (socket) =>
        new Promise((resolve) =>
          socket
            .on('error', () => undefined)
            .resume()
            .on('close', resolve)
            .on('end', resolve),
        ),
    ),
  );
  const second = lock('default/two');
  expect(await second.acquire()).toBe('default/one');
  for (const socket of sockets) socket.destroy();
});
