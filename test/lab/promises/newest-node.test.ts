import { newestNodes } from '../../nodes';
import { describeLab, node26Version } from '../requirements';
import { Testbed } from '../testbed';

jest.setTimeout(120_000);

const newest = newestNodes()?.['26'];
afterEach(() => {
  delete process.env.AGENT_NODE;
});

describeLab(`the agent on the newest Node 26 as well as on ${node26Version()}`, () => {
  (newest === undefined ? it.skip : it)(
    'delivers packets, follows its list, repairs routes and keeps its journal',
    () =>
      Testbed.run({}, async (testbed) => {
        process.env.AGENT_NODE = newest;
        const first = await testbed.startReady();
        expect(await testbed.topology.answered()).toBe(true);
        testbed.putList(['192.168.0.0/24', '192.168.1.0/24', '192.168.5.0/24']);
        await testbed.untilOwned(['192.168.0.0/24', '192.168.1.0/24', '192.168.5.0/24']);
        testbed.ip('route del 192.168.1.0/24');
        await testbed.untilOwned(['192.168.0.0/24', '192.168.1.0/24', '192.168.5.0/24']);
        expect(first.logs.lines.filter(({ stream }) => stream === 'stderr')).toEqual([]);
        first.signal('SIGKILL');
        await first.exited;
        testbed.putList(['192.168.1.0/24']);
        await testbed.startReady();
        expect(testbed.owned()).toEqual(['192.168.1.0/24']);
      }),
  );
});
