const { default: Sequencer } = require('@jest/test-sequencer');

/** Tests that wait for the agent's timers or start many programs: half a minute and longer. */
const LONG =
  /[/\\](?:lab[/\\](?:pools|stay|confirm|failover|lone-next-hop|silence)|scripts[/\\](?:docs|edits|plan|synth))\.test\.ts$/;

/** Starts slow tests first, so that none runs alone at the end. In a new clone, jest has no record of their duration. */
module.exports = class extends Sequencer {
  async sort(tests) {
    const sorted = await super.sort(tests);
    const isLong = ({ path }) => LONG.test(path);
    return [...sorted.filter(isLong), ...sorted.filter((test) => !isLong(test))];
  }
};
