import { createHash } from 'node:crypto';
import { Chart } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import { mergeAnnotations, NO_SUBSTITUTION } from '../metadata';

/** Name of the program's file, as the DaemonSet starts it. */
export const AGENT_FILE = 'agent.cjs';

interface AgentConfigMapProps {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly program: string;
}

/**
 * The agent's program. Named by its content, so a new program is a new ConfigMap and thereby a rolling update. The old one
 * may be pruned at once: running pods keep the volume that they mounted. `PruneLast` would make Argo CD's sync wait until
 * every node is Ready, and a revert in Git would wait with it.
 */
export class AgentConfigMap extends Chart {
  readonly configMapName: string;
  readonly program: string;

  constructor(scope: Construct, id: string, { name, namespace, labels, annotations, program }: AgentConfigMapProps) {
    super(scope, id, { namespace, labels: { ...labels } });
    const hash = createHash('sha256').update(program).digest('hex').slice(0, 10);
    this.configMapName = `${name}-agent-${hash}`;
    this.program = program;
    new k8s.KubeConfigMap(this, 'config-map', {
      metadata: {
        name: this.configMapName,
        annotations: mergeAnnotations(NO_SUBSTITUTION, annotations),
      },
      immutable: true,
      data: { [AGENT_FILE]: program },
    });
  }
}
