import type { Manifest } from './manifest';

interface SecurityContext {
  readonly privileged?: boolean;
  readonly allowPrivilegeEscalation?: boolean;
  readonly readOnlyRootFilesystem?: boolean;
  readonly runAsUser?: number;
  readonly runAsNonRoot?: boolean;
  readonly capabilities?: { readonly add?: readonly string[]; readonly drop?: readonly string[] };
  readonly seccompProfile?: { readonly type?: string };
}

interface Container {
  readonly name: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly securityContext?: SecurityContext;
}

interface PodSpec {
  readonly hostNetwork?: boolean;
  readonly hostPID?: boolean;
  readonly hostIPC?: boolean;
  readonly serviceAccountName?: string;
  readonly automountServiceAccountToken?: boolean;
  readonly securityContext?: SecurityContext;
  readonly containers?: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly volumes?: readonly {
    readonly hostPath?: { readonly path: string };
    readonly secret?: { readonly secretName?: string };
  }[];
}

/** What a pod may do on its node, one right per line. The list includes what Kubernetes grants by default. */
export function podRights(template: Manifest): string[] {
  const spec = template.spec as PodSpec;
  const containers = [...(spec.initContainers ?? []), ...(spec.containers ?? [])];
  return [
    ...(spec.hostNetwork ? ['the network of the host'] : []),
    ...(spec.hostPID ? ['the processes of the host'] : []),
    ...(spec.hostIPC ? ['the shared memory of the host'] : []),
    ...(spec.automountServiceAccountToken === false ? [] : ['a token of its service account, mounted by default']),
    ...(spec.volumes ?? []).flatMap(({ hostPath, secret }) => [
      ...(hostPath === undefined ? [] : [`the files of the host at ${hostPath.path}`]),
      ...(secret === undefined ? [] : [`the Secret ${secret.secretName}`]),
    ]),
    ...containers.flatMap((container) => containerRights(container, spec.securityContext ?? {})),
  ];
}

function containerRights(
  { command = [], args = [], securityContext = {} }: Container,
  ofPod: SecurityContext,
): string[] {
  const rights = { ...ofPod, ...securityContext };
  const { add = [], drop = [] } = rights.capabilities ?? {};
  const isRoot = rights.runAsUser === 0 || (rights.runAsUser === undefined && rights.runAsNonRoot !== true);
  return [
    ...(rights.privileged ? ['everything on its node: it is privileged'] : []),
    ...(isRoot ? ['root in its container'] : []),
    ...add.map((capability) => `the capability ${capability}`),
    ...(drop.includes('ALL') ? [] : ['the capabilities that the container runtime grants by default']),
    ...(rights.allowPrivilegeEscalation === false ? [] : ['gaining more privileges (setuid)']),
    ...(rights.readOnlyRootFilesystem ? [] : ['writing to its root file system']),
    ...(rights.seccompProfile?.type === undefined || rights.seccompProfile.type === 'Unconfined'
      ? ['any system call: no seccomp profile']
      : []),
    ...programRights([...command, ...args]),
  ];
}

/**
 * Rights under Node's permission model: each `--allow-…` flag is one; without `--permission`, Node may do everything.
 */
function programRights(command: readonly string[]): string[] {
  if (!command.includes('node')) return [];
  if (!command.includes('--permission'))
    return ["everything that Node can do: it runs without Node's permission model"];
  return command.filter((flag) => flag.startsWith('--allow-')).map((flag) => `Node's ${flag}`);
}
