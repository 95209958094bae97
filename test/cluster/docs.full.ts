import { waitFor } from '../lab/wait';
import { PATIENCE_MS } from './control-plane';
import { commandsOfDocs } from './docs-commands';
import { FullCluster } from './full-cluster';
import { describeFull } from './requirements';

jest.setTimeout(1_200_000);

/** On a node: ends the agent's process as the kernel would where memory is short. */
const KILL_AGENT = `for folder in /proc/[0-9]*; do
  if tr '\\0' ' ' < $folder/cmdline 2>/dev/null | grep -q '^node .*/opt/onprem-link/agent.cjs $'; then kill -9 $(basename $folder); fi
done`;

describeFull("the docs' commands that ask a kubelet", () => {
  it('do what they are printed for, with an agent that was killed before, which cost no route', () =>
    FullCluster.run({}, async (cluster) => {
      await cluster.install();
      const monitors = await Promise.all(cluster.topology.nodes.map((node) => cluster.changes(node)));
      await Promise.all(cluster.workers.map((worker) => worker.run('bash', ['-c', KILL_AGENT])));
      const restarts = '{.items[*].status.containerStatuses[*].restartCount}';
      await waitFor('both agents to be started again', PATIENCE_MS, async () => {
        return (await cluster.kubectl(`-n onprem-link get pods --output=jsonpath='${restarts}'`)) === '1 1';
      });
      await cluster.untilReady();
      expect(monitors.flatMap((monitor) => monitor())).toEqual([]);

      const pods = await cluster.kubectl('-n onprem-link get pods --output=jsonpath={.items[*].metadata.name}');
      const commands = commandsOfDocs().filter(({ command }) => /-n onprem-link (exec|logs) /.test(command));
      expect(commands.length).toBeGreaterThan(1);
      for (const { command } of commands) {
        const { code, stdout, stderr } = await cluster.shell(command.replace(/\bPOD\b/, pods.split(' ')[0] as string));
        expect({ command, code, stderr: code === 0 ? '' : stderr }).toEqual({ command, code: 0, stderr: '' });
        expect(stdout).not.toBe('');
      }
    }));
});
