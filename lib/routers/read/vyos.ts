import { type RouterFacts, sorted } from './facts';

/** A configuration in the form of VyOS: nodes by name, and a leaf's values as nodes below it. */
export type Node = Map<string, Node>;

/** Reads `set` commands into the tree that they build. @throws for any other command */
export function parseVyos(text: string): Node {
  const root: Node = new Map();
  for (const line of text.split('\n')) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const [command, ...path] = line.split(' ');
    if (command !== 'set' || path.length < 2 || path.includes('')) throw new Error(`not a VyOS command: ${line}`);
    let node = root;
    for (const word of path) {
      const next: Node = node.get(word) ?? new Map();
      node.set(word, next);
      node = next;
    }
  }
  return root;
}

function at(node: Node, path: string): Node {
  return path.split(' ').reduce<Node>((found, word) => found.get(word) ?? new Map(), node);
}

const names = (node: Node, path: string) => [...at(node, path).keys()];

/** The single value of a leaf. @throws if there is none or more than one, as `commit` does for most leaves */
function only(node: Node, path: string): string {
  const [value, ...more] = names(node, path);
  if (value === undefined || more.length > 0)
    throw new Error(`${path} has ${value === undefined ? 'no' : 'several'} values`);
  return value;
}

/** The configuration that the commands produce on an empty router. */
export function vyosFacts(text: string): RouterFacts {
  const root = parseVyos(text);
  const ipsec = at(root, 'vpn ipsec');
  const peer = at(ipsec, `site-to-site peer ${only(ipsec, 'site-to-site peer')}`);
  const ike = at(ipsec, `ike-group ${only(peer, 'ike-group')}`);
  const esp = at(ipsec, `esp-group ${only(peer, 'default-esp-group')}`);
  const outside = only(ipsec, 'interface');
  const tunnels = [...at(peer, 'tunnel').values()];
  if (only(ike, 'key-exchange') !== 'ikev2') throw new Error('not IKEv2');
  const espHash = only(esp, 'proposal 10 hash');
  const espCipher = cipher(only(esp, 'proposal 10 encryption'));
  return sorted({
    localAddress: only(peer, 'local-address'),
    remoteAddress: only(peer, 'remote-address'),
    localId: only(peer, 'authentication local-id'),
    remoteId: only(peer, 'authentication remote-id'),
    initiates: only(peer, 'connection-type') === 'initiate',
    ike: [
      cipher(only(ike, 'proposal 10 encryption')),
      only(ike, 'proposal 10 hash'),
      only(ike, 'proposal 10 dh-group'),
      only(ike, 'lifetime'),
    ].join(' '),
    esp: [
      espCipher,
      espCipher.endsWith('gcm') ? '-' : espHash,
      only(esp, 'pfs').replace('dh-group', ''),
      only(esp, 'lifetime'),
    ].join(' '),
    selectors: tunnels.map((tunnel) => `${only(tunnel, 'local prefix')} ${only(tunnel, 'remote prefix')}`),
    ...translations(root, outside),
    segments: segments(root),
    routes: ['route', 'route6'].flatMap((kind) =>
      [...at(root, `protocols static ${kind}`)].map(([subnet, route]) => `${subnet} via ${only(route, 'next-hop')}`),
    ),
  });
}

const cipher = (encryption: string) => encryption.replace(/gcm128$/, 'gcm');

function translations(root: Node, outside: string): { leaves: string[]; enters: string[] } {
  const rules = (kind: string) => [...at(root, `nat ${kind} rule`).values()];
  const leaves = rules('source').map((rule) => {
    if (only(rule, 'outbound-interface name') !== outside) throw new Error('NAT on another interface');
    const real = only(rule, 'source address');
    const mapped = rule.has('exclude') ? real : only(rule, 'translation address');
    return `${real} as ${mapped} to ${only(rule, 'destination address')}`;
  });
  const enters = rules('destination').map((rule) => {
    if (only(rule, 'inbound-interface name') !== outside) throw new Error('NAT on another interface');
    const real = only(rule, 'translation address');
    return `${only(rule, 'destination address')} is ${real} from ${only(rule, 'source address')}`;
  });
  return { leaves, enters };
}

/** MSS clamps of ranges that are clamped in both directions. */
function segments(root: Node): string[] {
  return ['route', 'route6'].flatMap((kind) =>
    [...at(root, `policy ${kind}`).values()].flatMap((policy) => {
      const rules = [...at(policy, 'rule').values()];
      if (names(policy, 'interface').length !== 2) throw new Error('an interface without a clamp');
      const sizes = (side: string) =>
        rules
          .filter((rule) => rule.has(side) && only(rule, 'protocol') === 'tcp' && only(rule, 'tcp flags') === 'syn')
          .map((rule) => `${only(rule, `${side} address`)} ${only(rule, 'set tcp-mss')}`);
      const from = new Set(sizes('source'));
      return sizes('destination').filter((size) => from.has(size));
    }),
  );
}
