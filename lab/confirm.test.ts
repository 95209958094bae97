import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describeLab } from './requirements';
import { Scene } from './scene';

jest.setTimeout(120_000);

const SUBNETS = ['192.168.0.0/24', '192.168.1.0/24'];
/** Something that the user wants to stay reachable. It lies behind the default route, out of what the guard protects. */
const TARGET = '203.0.113.99';
const ENV = { CONFIRM: `${TARGET}:8443` };
/** Leads packets for it into the private network, where nobody knows it. */
const HIJACK = '203.0.113.96/29';
const BAD = [...SUBNETS, HIJACK];

function play(body: (scene: Scene) => Promise<void>): Promise<void> {
  return Scene.play({ env: ENV }, async (scene) => {
    scene.picture.internet.netns.ip('addr', 'add', TARGET, 'dev', 'lo');
    await scene.picture.internet.inside.serve(TARGET, 8443, 'target');
    await body(scene);
  });
}

describeLab('a change with which the node loses what it could reach', () => {
  it.concurrent('is taken back after 10 s and condemned; the next list is applied', () =>
    play(async (scene) => {
      const pod = await scene.startReady();
      scene.putList(BAD);
      await scene.untilOwned(BAD);
      await scene.untilReadiness(pod, false, /the list is applied and not confirmed yet/);
      await pod.waitForLog(({ json }) => json?.event === 'list.condemned', 20_000);
      expect(scene.owned()).toEqual(SUBNETS);
      expect(await scene.picture.answered()).toBe(true);
      await scene.untilReadiness(
        pod,
        false,
        /the list was taken back \(condemned\): 203\.0\.113\.99:8443 could not be reached with it, and could be without it/,
      );
      const { stdout: metrics } = await scene.get('/metrics');
      expect(metrics).toContain('onprem_link_list_rolled_back 1\n');
      expect(metrics).toContain('onprem_link_rollbacks_total 1\n');
      scene.putList([...SUBNETS, '192.168.5.0/24']);
      await scene.untilOwned([...SUBNETS, '192.168.5.0/24']);
      await scene.untilReadiness(pod, true, /3 effective/);
    }));

  it.concurrent('is taken back first by an agent that comes after one that was killed in the middle', () =>
    play(async (scene) => {
      const emptyDirs = join(scene.picture.lab.folder, 'empty-dirs');
      mkdirSync(emptyDirs);
      const start = () => scene.cluster.startPod(scene.node, scene.cluster.workload, emptyDirs);
      const first = await start();
      await first.waitReady(5000);
      scene.putList(BAD);
      await scene.untilOwned(BAD);
      first.signal('SIGKILL');
      await first.exited;
      expect(scene.owned()).toEqual([...BAD].sort());
      // Nobody tells the second one of any list: it knows from the journal alone.
      scene.cluster.api.outage('down');
      const second = await start();
      await second.waitForLog(({ json }) => json?.event === 'list.resumed', 5000);
      await scene.untilOwned(SUBNETS);
      scene.cluster.api.outage(undefined);
      await second.waitForLog(({ json }) => json?.event === 'list.condemned', 45_000);
      expect(scene.owned()).toEqual(SUBNETS);
      second.signal('SIGKILL');
      await second.exited;
      const third = await start();
      await scene.untilReadiness(third, false, /taken back by an earlier run of this agent/);
      expect(scene.owned()).toEqual(SUBNETS);
    }));

  it.concurrent('is taken back by an agent that is told to stop before it was confirmed', () =>
    play(async (scene) => {
      const pod = await scene.startReady();
      scene.putList(BAD);
      await scene.untilOwned(BAD);
      await pod.stop();
      expect(scene.owned()).toEqual(SUBNETS);
    }));

  it.concurrent('is not to blame for an API server that restarts: it is applied once that is back', () =>
    Scene.play({}, async (scene) => {
      const pod = await scene.startReady();
      const inside = scene.picture.internet.netns;
      // One connection more, that before the change; all after it are refused, and the open watch goes on.
      inside.load(REFUSING_AFTER_ONE);
      const list = [...SUBNETS, '192.168.5.0/24'];
      scene.putList(list);
      await pod.waitForLog(({ json }) => json?.event === 'list.rolled-back', 15_000);
      await scene.untilOwned(SUBNETS);
      await scene.untilReadiness(
        pod,
        false,
        /the list was taken back \(suspended\): 203\.0\.113\.10:6443 could not be/,
      );
      inside.run('nft', 'flush', 'ruleset');
      await scene.untilReadiness(pod, true, /3 effective/, 30_000);
      expect(scene.owned()).toEqual(list);
    }));
});

const REFUSING_AFTER_ONE = `
table inet restart {
  chain input {
    type filter hook input priority 0;
    tcp dport 6443 tcp flags syn / syn,ack limit rate over 1/day burst 1 packets reject with tcp reset
  }
}`;
