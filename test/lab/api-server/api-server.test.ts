import type { IncomingMessage } from 'node:http';
import https from 'node:https';
import { createInterface } from 'node:readline';
import type { Manifest } from '../dist';
import { Lab } from '../topology/namespaces';
import { waitFor, within } from '../wait';
import { type ApiServerOptions, FakeApiServer } from './api-server';
import type { Grant } from './rbac';

const ADDRESS = '203.0.113.10';
const COLLECTION = '/api/v1/namespaces/onprem-link/configmaps';
const ONE = `${COLLECTION}?fieldSelector=metadata.name%3Dstatic-routes`;
const watchFrom = (version: string | number, more = '') => `${ONE}&watch=true&resourceVersion=${version}${more}`;

function configMap(routes: string, name = 'static-routes'): Manifest {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'onprem-link' }, data: { routes } };
}

function ask(server: FakeApiServer, path: string, token = 'lab-token'): Promise<IncomingMessage> {
  const headers = { authorization: `Bearer ${token}` };
  const options = { socketPath: server.socket, host: ADDRESS, path, headers, ca: server.ca, agent: false };
  return new Promise((resolve, reject) => https.get(options, resolve).on('error', reject));
}

async function get(server: FakeApiServer, path: string, token?: string) {
  const answer = await ask(server, path, token);
  let text = '';
  for await (const part of answer.setEncoding('utf8')) text += part;
  return { code: answer.statusCode, headers: answer.headers, body: JSON.parse(text) };
}

/** An open watch: its events so far, and how it ended. */
async function watch(server: FakeApiServer, path: string) {
  const answer = await ask(server, path);
  const lines: string[] = [];
  let ended: 'properly' | 'cut' | undefined;
  let raw = '';
  answer.on('data', (part) => {
    raw += part;
  });
  answer.on('end', () => {
    ended ??= 'properly';
  });
  answer.on('error', () => {
    ended ??= 'cut';
  });
  createInterface({ input: answer })
    .on('line', (line) => lines.push(line))
    .on('error', () => undefined);
  return {
    lines,
    raw: () => raw,
    events: () => lines.map((line) => JSON.parse(line)),
    next: (count: number) => waitFor(`${count} events`, 2000, () => lines.length >= count, 2),
    end: () => waitFor('the watch to end', 2000, () => ended, 2),
  };
}

describe('the fake API server', () => {
  let lab: Lab;
  beforeAll(() => {
    lab = new Lab();
  });
  afterAll(() => lab.close());

  async function start(options: Partial<ApiServerOptions> = {}): Promise<FakeApiServer> {
    const namespace = 'onprem-link';
    const grants: Grant[] = [
      { resource: 'configmaps', namespace, names: ['static-routes'], verbs: ['get', 'list', 'watch'] },
      { resource: 'namespaces', namespace, names: ['onprem-link'], verbs: ['get'] },
      { resource: 'daemonsets', namespace, names: ['node-routes'], verbs: ['get'] },
    ];
    const server = await FakeApiServer.start(lab, { names: [ADDRESS], grants, ...options });
    server.put(configMap('[]'));
    return server;
  }

  it('lists and gets the objects that the token may read', async () => {
    const server = await start();
    server.put(configMap('other', 'other'));
    const list = await get(server, ONE);
    expect(list).toMatchObject({
      code: 200,
      body: { kind: 'ConfigMapList', metadata: { resourceVersion: '1002' }, items: [{ data: { routes: '[]' } }] },
    });
    expect(list.body.items).toHaveLength(1);
    expect(list.body.items[0].kind).toBeUndefined();
    expect(await get(server, `${COLLECTION}/static-routes`)).toMatchObject({ code: 200, body: { kind: 'ConfigMap' } });
    expect(server.requests.map(({ verb }) => verb)).toEqual(['list', 'get']);
  });

  it.each([
    ['a wrong token', ONE, 'wrong', 401, 'Unauthorized'],
    ['a list of everything', COLLECTION, undefined, 403, 'Forbidden'],
    ['another name', `${COLLECTION}?fieldSelector=metadata.name%3Dother`, undefined, 403, 'Forbidden'],
    ['a get of another name', `${COLLECTION}/other`, undefined, 403, 'Forbidden'],
    ['another namespace', '/api/v1/namespaces/default/configmaps/static-routes', undefined, 403, 'Forbidden'],
    ['another resource', '/api/v1/namespaces/onprem-link/secrets', undefined, 403, 'Forbidden'],
    ['a future version', `${ONE}&resourceVersion=99999`, undefined, 504, 'Timeout'],
    ['a match without a version', `${ONE}&resourceVersionMatch=NotOlderThan`, undefined, 422, 'Invalid'],
    ['a match for a watch', watchFrom(1, '&resourceVersionMatch=NotOlderThan'), undefined, 422, 'Invalid'],
  ])('rejects %s with a Status', async (_, path, token, code, reason) => {
    expect(await get(await start(), path, token)).toMatchObject({ code, body: { kind: 'Status', reason, code } });
  });

  it('returns a namespace and a DaemonSet by name, with their deletion time, and no others', async () => {
    const server = await start();
    const [namespace, daemonSet] = [
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'onprem-link' } },
      { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: { name: 'node-routes', namespace: 'onprem-link' } },
    ];
    const [at, of] = ['/api/v1/namespaces/onprem-link', '/apis/apps/v1/namespaces/onprem-link/daemonsets'];
    expect(await get(server, at)).toMatchObject({ code: 404, body: { reason: 'NotFound' } });
    server.owners.put(namespace);
    server.owners.put(daemonSet);
    expect(await get(server, at)).toMatchObject({ code: 200, body: namespace });
    server.owners.terminate(namespace);
    expect((await get(server, at)).body.metadata.deletionTimestamp).toMatch(/^20/);
    expect(await get(server, `${of}/node-routes`)).toMatchObject({ code: 200, body: daemonSet });
    server.owners.delete(daemonSet);
    expect(await get(server, `${of}/node-routes`)).toMatchObject({ code: 404 });
    expect(await get(server, `${of}/other`)).toMatchObject({ code: 403 });
    expect(await get(server, '/api/v1/namespaces/default')).toMatchObject({ code: 403 });
  });

  it('replays the events since a version, continues with new ones, and ends after timeoutSeconds', async () => {
    const server = await start();
    const { resourceVersion } = server.store;
    server.put(configMap('[1]'));
    server.put(configMap('[1]'));
    const open = await watch(server, watchFrom(resourceVersion, '&timeoutSeconds=1'));
    await open.next(1);
    server.put(configMap('other', 'other'));
    server.delete('onprem-link', 'static-routes');
    server.put(configMap('[2]'));
    await open.next(3);
    expect(
      open.events().map(({ type, object }) => [type, object.data.routes, object.metadata.resourceVersion]),
    ).toEqual([
      ['MODIFIED', '[1]', '1002'],
      ['DELETED', '[1]', '1004'],
      ['ADDED', '[2]', '1005'],
    ]);
    expect(await open.end()).toBe('properly');
    expect(server.watches.size).toBe(0);
  });

  it('starts a watch without a version with the existing objects', async () => {
    const open = await watch(await start(), watchFrom(0));
    await open.next(1);
    expect(open.events()).toMatchObject([{ type: 'ADDED', object: { kind: 'ConfigMap' } }]);
  });

  it('sends bookmarks only to watches that allow them', async () => {
    const server = await start({ bookmarkMs: 20 });
    const [with_, without] = [
      await watch(server, watchFrom(1001, '&allowWatchBookmarks=true')),
      await watch(server, watchFrom(1001)),
    ];
    server.store.age(5);
    const before = with_.lines.length;
    await with_.next(before + 2); // one may already have been in transit
    expect(with_.events()[before + 1]).toMatchObject({
      type: 'BOOKMARK',
      object: { metadata: { resourceVersion: '1006' } },
    });
    expect(without.lines).toEqual([]);
  });

  it('accepts a watch from a future version, and sends it nothing, not even bookmarks', async () => {
    const server = await start({ bookmarkMs: 5 });
    const [ahead, current] = [
      await watch(server, watchFrom(2000, '&allowWatchBookmarks=true')),
      await watch(server, watchFrom(1001, '&allowWatchBookmarks=true')),
    ];
    server.put(configMap('[1]'));
    await current.next(5);
    expect(ahead.lines).toEqual([]);
  });

  it('after a restore from a backup, has the old objects and versions, and rejects a list from a lost version', async () => {
    const server = await start();
    const backup = server.store.backup();
    server.put(configMap('[1]'));
    const seen = server.store.resourceVersion;
    server.restore(backup);
    expect((await get(server, ONE)).body.items).toMatchObject([{ data: { routes: '[]' } }]);
    const notOlder = `${ONE}&resourceVersion=${seen}&resourceVersionMatch=NotOlderThan`;
    expect(await get(server, notOlder)).toMatchObject({ code: 504 });
    server.put(configMap('[2]'));
    expect(await get(server, notOlder)).toMatchObject({ code: 200 });
  });

  it('answers versions before its history with 410: as an event, as a status, and on the open watch', async () => {
    const server = await start();
    const old = server.store.resourceVersion;
    const open = await watch(server, watchFrom(old));
    server.compact(true);
    await open.next(1);
    const late = await watch(server, watchFrom(old));
    await late.next(1);
    for (const { events } of [open, late]) {
      expect(events()).toMatchObject([{ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } }]);
    }
    expect(await late.end()).toBe('properly');
    server.goneAs = 'status';
    expect(await get(server, watchFrom(old))).toMatchObject({ code: 410 });
    expect((await ask(server, watchFrom(server.store.resourceVersion))).statusCode).toBe(200);
  });

  it('keeps only the configured number of events', async () => {
    const server = await start({ history: 2 });
    for (let i = 0; i < 5; i++) server.put(configMap(`[${i}]`));
    const [reaching, tooOld] = [await watch(server, watchFrom(1004)), await watch(server, watchFrom(1003))];
    await reaching.next(2);
    await tooOld.next(1);
    expect(reaching.events().map(({ type }) => type)).toEqual(['MODIFIED', 'MODIFIED']);
    expect(tooOld.events().map(({ type }) => type)).toEqual(['ERROR']);
  });

  it('sends a deletion to an open watch after its permissions were revoked, and rejects the next request', async () => {
    const server = await start();
    const open = await watch(server, watchFrom(1001));
    server.grants = [];
    server.delete('onprem-link', 'static-routes');
    await open.next(1);
    expect(open.events()).toMatchObject([{ type: 'DELETED' }]);
    expect(await get(server, ONE)).toMatchObject({ code: 403 });
    server.tokens.clear();
    expect(await get(server, ONE)).toMatchObject({ code: 401 });
  });

  it('fails the configured number of requests', async () => {
    const server = await start();
    server.fail(429, { retryAfter: 3, times: 1 });
    expect(await get(server, ONE)).toMatchObject({ code: 429, headers: { 'retry-after': '3' } });
    expect(await get(server, ONE)).toMatchObject({ code: 200 });
    server.fail(503);
    expect(await get(server, ONE)).toMatchObject({ code: 503, body: { reason: 'ServiceUnavailable' } });
    server.recover();
    expect(await get(server, ONE)).toMatchObject({ code: 200 });
  });

  it('resets open and new connections when down', async () => {
    const server = await start();
    const open = await watch(server, watchFrom(1001));
    server.outage('down');
    expect(await open.end()).toBe('cut');
    await expect(get(server, ONE)).rejects.toThrow();
    server.outage(undefined);
    expect(await get(server, ONE)).toMatchObject({ code: 200 });
  });

  it.each(['no handshake', 'no answer'] as const)('accepts connections and sends nothing with %s', async (kind) => {
    const server = await start();
    const open = await watch(server, watchFrom(1001));
    server.outage(kind);
    server.put(configMap('[1]'));
    await expect(within('an answer', 100, get(server, ONE))).rejects.toThrow('timed out');
    server.outage(undefined);
    server.put(configMap('[2]'));
    const later = await watch(server, watchFrom(1001));
    await later.next(2);
    expect(open.lines).toEqual([]);
    expect(server.requested('list')).toHaveLength(kind === 'no answer' ? 1 : 0);
  });

  it('cuts off a list and an event in the middle', async () => {
    const server = await start();
    server.cut('list');
    await expect(get(server, ONE)).rejects.toThrow();
    const open = await watch(server, watchFrom(1001));
    server.cut('event');
    server.put(configMap('[1]'));
    expect(await open.end()).toBe('cut');
    expect(open.raw()).toMatch(/^\{"type":"MODIFIED"/);
    expect(() => JSON.parse(open.raw())).toThrow();
    expect(await get(server, ONE)).toMatchObject({ code: 200 });
  });

  it('sends invalid events', async () => {
    const server = await start();
    const open = await watch(server, watchFrom(1001));
    server.send({ type: 'MODIFIED', object: { metadata: { name: 'static-routes', resourceVersion: '7' } } });
    server.sendRaw('not JSON\n');
    server.bookmark();
    await open.next(3);
    expect(open.lines[0]).toContain('"resourceVersion":"7"');
    expect(open.lines[1]).toBe('not JSON');
    expect(open.lines[2]).toContain('BOOKMARK');
  });

  it.each([
    ['other authority', /signature|certificate|issuer/i],
    ['other name', /altnames/i],
    ['expired', /expired/i],
  ] as const)('presents a certificate with: %s', async (kind, error) => {
    const server = await start();
    await server.useCertificate(kind);
    await expect(get(server, ONE)).rejects.toThrow(error);
    await server.useCertificate('right');
    expect(await get(server, ONE)).toMatchObject({ code: 200 });
  });
});
