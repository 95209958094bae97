import type { V1Container, V1PodSpec } from '@kubernetes/client-node';

/** The default capabilities of a container in containerd. */
const USUAL = (
  'audit_write chown dac_override fowner fsetid kill mknod net_bind_service net_raw setfcap setgid setpcap setuid ' +
  'sys_chroot'
).split(' ');

const plain = (capability: string) => capability.toLowerCase().replace(/^cap_/, '');

/** The capabilities of a container in the format of setpriv; 'all' if it is privileged or adds ALL. */
export function capabilitiesOf(container: V1Container): 'all' | string[] {
  const context = container.securityContext ?? {};
  const add = (context.capabilities?.add ?? []).map(plain);
  const drop = (context.capabilities?.drop ?? []).map(plain);
  if (context.privileged || add.includes('all')) return 'all';
  const kept = drop.includes('all') ? [] : USUAL.filter((capability) => !drop.includes(capability));
  return [...new Set([...kept, ...add])].sort();
}

/** The users of the Node image, as containerd would look them up. */
const ACCOUNTS: Readonly<Record<number, { readonly group: number; readonly home: string }>> = {
  0: { group: 0, home: '/root' },
  1000: { group: 1000, home: '/home/node' },
};

/** The container's user, with its group and home from the image's /etc/passwd if it has an entry there. */
export function accountOf(spec: V1PodSpec, container: V1Container): { user: number; group: number; home: string } {
  const user = container.securityContext?.runAsUser ?? spec.securityContext?.runAsUser ?? 0;
  return { user, ...(ACCOUNTS[user] ?? { group: 0, home: '/' }) };
}

/**
 * The arguments of `setpriv` that give a process the container's rights.
 *
 * @throws if the container must not run as root, but would
 */
export function rightsOf(spec: V1PodSpec, container: V1Container): { user: number; setpriv: string[] } {
  const context = { ...spec.securityContext, ...container.securityContext };
  const { user, group } = accountOf(spec, container);
  if (context.runAsNonRoot && user === 0) {
    throw new Error(`${container.name}: runAsNonRoot, but no runAsUser and the image's user is root`);
  }
  const capabilities = capabilitiesOf(container);
  const setpriv = [`--reuid=${user}`, `--regid=${context.runAsGroup ?? group}`, '--clear-groups'];
  if (capabilities !== 'all') {
    setpriv.push(`--bounding-set=${['-all', ...capabilities.map((capability) => `+${capability}`)].join(',')}`);
  }
  // Containers have no inheritable capabilities. For root, only the bounding set is a limit.
  setpriv.push('--inh-caps=-all');
  if (context.allowPrivilegeEscalation === false) setpriv.push('--no-new-privs');
  return { user, setpriv };
}
