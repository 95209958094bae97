import { writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { describeLab } from '../requirements';
import { Lab, type Namespace } from './namespaces';
import { NetnsClient } from './netns-client';

jest.setTimeout(30_000);

describeLab('inside a namespace', () => {
  let lab: Lab;
  let a: Namespace;
  let b: Namespace;
  beforeAll(() => {
    lab = new Lab();
    [a, b] = [lab.namespace('a'), lab.namespace('b')];
    lab.link(
      { in: a, name: 'x', addresses: ['10.0.0.1/24'] },
      { in: b, name: 'y', addresses: ['10.0.0.2/24', '10.0.0.3/24'] },
    );
  });
  afterAll(() => lab.close());

  it('a request leaves from the given address, and the server records its clients', async () => {
    const server = await NetnsClient.of(a).serve('10.0.0.1', 8080, 'hello');
    await NetnsClient.of(b).fetch(server.url);
    await NetnsClient.of(b).fetch(server.url, { source: '10.0.0.3', method: 'POST', body: 'x' });
    expect(await server.seen()).toEqual(['10.0.0.2', '10.0.0.3']);
  });

  it('a request without an answer returns an error code and does not throw', async () => {
    const inside = NetnsClient.of(b);
    expect(await inside.fetch('http://10.0.0.1:1/')).toMatchObject({ status: 0, error: 'ECONNREFUSED' });
    expect(await inside.fetch('http://172.16.0.1/')).toMatchObject({ status: 0, error: 'ENETUNREACH' });
    expect(await inside.fetch('http://10.0.0.77/', { timeoutMs: 50 })).toMatchObject({ status: 0, error: 'TIMEOUT' });
    expect(await inside.connect({ address: '10.0.0.1', port: 1 })).toMatchObject({ error: 'ECONNREFUSED' });
  });

  it('a closed server refuses connections, and its address can be used again', async () => {
    const first = await NetnsClient.of(a).serve('10.0.0.1', 8081, 'first');
    await expect(NetnsClient.of(a).serve('10.0.0.1', 8081, 'second')).rejects.toThrow('EADDRINUSE');
    await first.close();
    expect(await NetnsClient.of(b).fetch(first.url)).toMatchObject({ error: 'ECONNREFUSED' });
    const second = await NetnsClient.of(a).serve('10.0.0.1', 8081, 'second');
    expect(await NetnsClient.of(b).fetch(second.url)).toMatchObject({ body: 'second' });
  });

  it('a server of the test process can be reached through a Unix socket', async () => {
    const socket = join(lab.folder, 'echo');
    const server = net.createServer((client) =>
      client.resume().end('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nreal'),
    );
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    const relay = await NetnsClient.of(a).listen('10.0.0.1', 0, socket);
    expect(await NetnsClient.of(b).fetch(`http://10.0.0.1:${relay.port}/`)).toMatchObject({
      status: 200,
      body: 'real',
    });
    await new Promise((resolve) => server.close(resolve));
    expect(await NetnsClient.of(b).fetch(`http://10.0.0.1:${relay.port}/`)).toMatchObject({ error: 'ECONNRESET' });
    await relay.close();
    expect(await NetnsClient.of(b).fetch(`http://10.0.0.1:${relay.port}/`)).toMatchObject({ error: 'ECONNREFUSED' });
  });

  it('reads /proc/net of the namespace', async () => {
    expect(await NetnsClient.of(a).read('/proc/net/dev')).toMatch(/^\s+x:/m);
    expect(await NetnsClient.of(b).read('/proc/net/dev')).not.toMatch(/^\s+x:/m);
    writeFileSync(join(lab.folder, 'file'), 'text');
    expect(await NetnsClient.of(a).read(join(lab.folder, 'file'))).toBe('text');
  });

  it('pending requests fail when the lab closes', async () => {
    const short = new Lab();
    const waiting = expect(NetnsClient.of(short.namespace('c')).fetch('http://10.0.0.77/')).rejects.toThrow('closed');
    await short.close();
    await waiting;
  });
});
