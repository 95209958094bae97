const { default: Sequencer } = require('@jest/test-sequencer');

/** Those that wait for the agent's own clocks, and those that start many programs: half a minute and longer. */
const LONG =
  /[/\\](?:lab[/\\](?:pools|stay|confirm|failover|lone-next-hop|silence)|scripts[/\\](?:docs|edits|plan|synth))\.test\.ts$/;

/** Begins with the long ones, so that no test is left alone at the end. In a fresh clone jest cannot know them. */
module.exports = class extends Sequencer {
  async sort(tests) {
    const sorted = await super.sort(tests);
    const isLong = ({ path }) => LONG.test(path);
    return [...sorted.filter(isLong), ...sorted.filter((test) => !isLong(test))];
  }
};
