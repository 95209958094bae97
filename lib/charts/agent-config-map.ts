import { createHash } from 'node:crypto';
import { Chart } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import { mergeAnnotations, NO_SUBSTITUTION, SYNC_AFTER_OTHERS_ARE_PRUNED } from './metadata';

/** Name of the program's file, as the DaemonSet starts it. */
export const AGENT_FILE = 'agent.cjs';

export interface AgentConfigMapProps {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly program: string;
}

/**
 * The agent's program. Named by its content: a new program is a new ConfigMap and thereby a rolling update, and pods of
 * the old one keep theirs until they are replaced, so it is pruned last.
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
        annotations: mergeAnnotations(SYNC_AFTER_OTHERS_ARE_PRUNED, NO_SUBSTITUTION, annotations),
      },
      immutable: true,
      data: { [AGENT_FILE]: program },
    });
  }
}
