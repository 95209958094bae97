import { Address, reservedFor, type Target } from '../network';

const DNS_PORT = 53;

/**
 * The node's resolvers, as the kubelet passes them to a pod on the host network (resolv.conf(5)). Resolvers on the node
 * itself or with a link-local address need no route.
 */
export function readResolvers(resolvConf = ''): Target[] {
  const hosts = [...resolvConf.matchAll(/^nameserver[ \t]+(\S+)/gm)].flatMap(([, text]) => {
    try {
      const address = Address.parse(text);
      return reservedFor(address) === undefined ? `${address}` : [];
    } catch {
      return []; // another notation, such as fe80::1%eth0
    }
  });
  return [...new Set(hosts)].map((host) => ({ host, port: DNS_PORT }));
}
