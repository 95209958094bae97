import { createHash } from 'node:crypto';
import { Chart } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import { mergeAnnotations, NO_SUBSTITUTION } from '../metadata';

interface ProgramConfigMapProps {
  /** The part of the name before the hash, e.g. `node-routes-agent`. */
  readonly name: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Name of the program's file that the container starts. */
  readonly file: string;
  readonly program: string;
}

/**
 * A ConfigMap with a program. Its name contains a hash of the content, so a new program is a new ConfigMap and thus a
 * rolling update. The old one may be pruned at once: running pods keep the volume that they mounted. With `PruneLast`,
 * Argo CD's sync would wait until every node is Ready, and so would a revert in Git.
 */
export class ProgramConfigMap extends Chart {
  readonly configMapName: string;
  readonly program: string;

  constructor(scope: Construct, id: string, props: ProgramConfigMapProps) {
    const { name, namespace, labels, annotations, file, program } = props;
    super(scope, id, { namespace, labels: { ...labels } });
    const hash = createHash('sha256').update(program).digest('hex').slice(0, 10);
    this.configMapName = `${name}-${hash}`;
    this.program = program;
    new k8s.KubeConfigMap(this, 'config-map', {
      metadata: {
        name: this.configMapName,
        annotations: mergeAnnotations(NO_SUBSTITUTION, annotations),
      },
      immutable: true,
      data: { [file]: program },
    });
  }
}
