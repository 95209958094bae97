import { waitFor } from '../lab/wait';
import { PATIENCE_MS } from './control-plane';
import { commandsOfDocs } from './docs-commands';
import { FullCluster } from './full-cluster';
import { describeFull } from './requirements';

jest.setTimeout(1_200_000);

/** Kills the agent's process on a node, as the kernel does when memory runs out. */
const KILL_AGENT = `for folder in /proc/[0-9]*; do
  if tr '\\0' ' ' < $folder/cmdline 2>/dev/null | grep -q '^node .*/opt/onprem-link/agent.cjs $'; then kill -9 $(basename $folder); fi
done`;

describeFull("the docs' commands that need a kubelet", () => {
  it('have the documented effect after an agent was killed, which removed no routes', () =>
    FullCluster.run({}, async (cluster) => {
      await cluster.install();
      const monitors = await Promise.all(cluster.topology.nodes.map((node) => cluster.changes(node)));
      await Promise.all(cluster.workers.map((worker) => worker.run('bash', ['-c', KILL_AGENT])));
      const restarts = '{.items[*].status.containerStatuses[*].restartCount}';
      await waitFor('both agents to restart', PATIENCE_MS, async () => {
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
