import fc from 'fast-check';
import { describeLab } from '../lab/requirements';
import { Testbed } from '../lab/testbed';
import { DUAL_STACK, type TopologyOptions } from '../lab/topology/topology';
import { SEED, share } from './budget';
import { COMMANDS, FIRST_LIST, firstModel } from './commands';
import { QUIET_MS, Real } from './real';

const TWO_ROUTERS: TopologyOptions = {
  ...DUAL_STACK,
  routers: [
    ['10.184.0.1/26', 'fd00:184::1/64'],
    ['10.184.0.3/26', 'fd00:184::3/64'],
  ],
};
const OPTIONS = { topology: TWO_ROUTERS, env: { PRIVATE_NETWORKS: '10.0.0.0/8,fd00::/8' }, list: FIRST_LIST };

const TIME_MS = share(0.4);

jest.setTimeout(TIME_MS + 300_000);

describeLab('random events in random order', () => {
  it('whenever the agent is idle, the kernel holds the routes of a model, and foreign routes are unchanged', async () => {
    let [sequences, steps] = [0, 0];
    const until = performance.now() + TIME_MS;
    const property = fc.asyncProperty(fc.commands(COMMANDS, { maxCommands: 80, size: 'max' }), (commands) =>
      Testbed.run(OPTIONS, async (testbed) => {
        const model = firstModel(until);
        const real = new Real(testbed);
        await real.start();
        await real.untilQuiet(model, QUIET_MS);
        await fc.asyncModelRun(() => ({ model, real }), commands);
        sequences++;
        steps += real.steps.length;
      }),
    );
    // Each sequence has its own seed, so the seed of the failure repeats it alone. Shrinking would exceed the budget.
    while (performance.now() < until)
      await fc.assert(property, { seed: SEED + sequences, numRuns: 1, endOnFailure: true });
    process.stderr.write(`${sequences} sequences of ${steps} steps in all\n`);
    expect(sequences).toBeGreaterThan(0);
  });
});
