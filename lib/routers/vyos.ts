import type { Family } from '../network';
import { banner } from './banner';
import { missingRoutes } from './linux';
import { isAead, type Proposal } from './proposal';
import { familiesOf, mssOf, ofFamily, remoteSubnets, routesOf, seenAs, selectorsOf, type Tunnel } from './tunnel';

/** Commands for the configuration mode of VyOS 1.4 and later; they say what `commit` needs but the key. */
export function vyosCommands(tunnel: Tunnel): string {
  const blocks: readonly (readonly string[])[] = [
    [
      'The pre-shared key is not in here. Set it by hand, the same on both routers:',
      `  set vpn ipsec authentication psk ${tunnel.network} secret '…'`,
    ].map(comment),
    identities(tunnel),
    ...groups(tunnel),
    peer(tunnel),
    ...selectorsOf(tunnel).map((selector, i) => [
      comment(`${tunnel.local.what}: ${seenAs(selector.local)}; ${tunnel.remote.what}: ${selector.remote.mapped}`),
      `set vpn ipsec site-to-site peer ${tunnel.network} tunnel ${i} local prefix ${selector.local.mapped}`,
      `set vpn ipsec site-to-site peer ${tunnel.network} tunnel ${i} remote prefix ${selector.remote.mapped}`,
    ]),
    ...nat(tunnel),
    ...familiesOf(tunnel).map((family) => clamp(tunnel, family)),
    routes(tunnel),
  ];
  return `${[banner(tunnel, '#'), ...blocks.map((block) => block.join('\n'))].join('\n\n')}\n`;
}

const comment = (line: string) => `# ${line}`;
const under = (path: string, values: Readonly<Record<string, string | number>>) =>
  Object.entries(values).map(([key, value]) => `set ${path} ${key} ${value}`);

function identities({ network, local, remote }: Tunnel): string[] {
  return [local.id, remote.id].map((id) => `set vpn ipsec authentication psk ${network} id ${id}`);
}

function groups({ network, ike, esp, initiates }: Tunnel): string[][] {
  const ikeGroup = {
    'key-exchange': 'ikev2',
    lifetime: ike.lifetime,
    'dead-peer-detection action': initiates ? 'restart' : 'clear',
    'dead-peer-detection interval': 30,
    'dead-peer-detection timeout': 120,
    ...proposal(ike),
    'proposal 10 dh-group': ike.dhGroup,
  };
  const espGroup = { lifetime: esp.lifetime, mode: 'tunnel', pfs: `dh-group${esp.dhGroup}`, ...proposal(esp) };
  return [
    [
      comment('With AES-GCM the hash is the pseudo random function of IKE; ESP does not use it, but VyOS asks for it.'),
      ...under(`vpn ipsec ike-group ${network}`, ikeGroup),
      ...under(`vpn ipsec esp-group ${network}`, espGroup),
    ],
  ];
}

function proposal({ encryption, hash }: Proposal): Record<string, string> {
  return {
    'proposal 10 encryption': isAead(encryption) ? `${encryption}128` : encryption, // of 128 bits is the tag
    'proposal 10 hash': hash,
  };
}

function peer({ network, local, remote, initiates }: Tunnel): string[] {
  return [
    comment(`The router of ${remote.what}.`),
    `set vpn ipsec interface ${local.outside}`,
    ...under(`vpn ipsec site-to-site peer ${network}`, {
      'authentication mode': 'pre-shared-secret',
      'authentication local-id': local.id,
      'authentication remote-id': remote.id,
      'connection-type': initiates ? 'initiate' : 'respond',
      'ike-group': network,
      'default-esp-group': network,
      'local-address': `${local.localAddress}`,
      'remote-address': `${remote.publicAddress}`,
    }),
  ];
}

/** A rule per pair of subnets and direction. What is not mapped is excluded, so that no masquerade rule takes it. */
function nat(tunnel: Tunnel): string[][] {
  const { local, remote, firstRule } = tunnel;
  const pairs = selectorsOf(tunnel).filter(({ local: { real } }) => real.family === 4);
  return pairs.map((pair, i) => {
    const { real, mapped, isTranslated } = pair.local;
    const rule = firstRule + i;
    const out = `nat source rule ${rule}`;
    const into = `nat destination rule ${rule}`;
    const source = under(out, {
      'outbound-interface name': local.outside,
      'source address': `${real}`,
      'destination address': `${pair.remote.mapped}`,
    });
    const why = `${local.what}: ${seenAs(pair.local)}; only towards ${remote.what}. Must stand before any masquerade rule.`;
    if (!isTranslated) return [comment(why), ...source, `set ${out} exclude`];
    return [
      comment(why),
      ...source,
      `set ${out} translation address ${mapped}`,
      ...under(into, {
        'inbound-interface name': local.outside,
        'source address': `${pair.remote.mapped}`,
        'destination address': `${mapped}`,
        'translation address': `${real}`,
      }),
    ];
  });
}

/** On both interfaces, each for the segments that it receives. */
function clamp(tunnel: Tunnel, family: Family): string[] {
  const { network, local, remote } = tunnel;
  const policy = `policy ${family === 4 ? 'route' : 'route6'} MSS-${network}`;
  const rules = ofFamily(remoteSubnets(tunnel), family).flatMap(({ mapped }, i) =>
    (['destination', 'source'] as const).flatMap((side, j) =>
      under(`${policy} rule ${10 * (i + 1) + j}`, {
        [`${side} address`]: `${mapped}`,
        protocol: 'tcp',
        'tcp flags': 'syn',
        'set tcp-mss': mssOf(tunnel, family),
      }),
    ),
  );
  return [
    comment(`ESP takes room in every packet: TCP segments to and from ${remote.what} that fit.`),
    ...[local.inside, local.outside].map((name) => `set ${policy} interface ${name}`),
    ...rules,
  ];
}

function routes(tunnel: Tunnel): string[] {
  return [
    ...missingRoutes(tunnel).map(comment),
    ...routesOf(tunnel).flatMap(({ subnet, nextHop, why }) => [
      comment(why),
      `set protocols static ${subnet.family === 4 ? 'route' : 'route6'} ${subnet} next-hop ${nextHop}`,
    ]),
  ];
}
