import type { Family } from '../network';
import { banner, STATE } from './banner';
import { missingRoutes } from './linux';
import { tunnelName } from './names';
import { isAead, type Proposal } from './proposal';
import {
  familiesOf,
  mssOf,
  ofFamily,
  pairKey,
  remoteSubnets,
  routerTitle,
  routesOf,
  type Selector,
  seenAs,
  selectorsOf,
  type Tunnel,
} from './tunnel';

/**
 * Commands for the configuration mode of VyOS 1.4 and later; they contain everything that `commit` needs except the
 * key.
 */
export function vyosCommands(tunnel: Tunnel): string {
  const name = tunnelName(tunnel);
  const blocks: readonly (readonly string[])[] = [
    [
      `These commands only add. For a router with an earlier state, generate the change from that state: npm run plan -- REV --routers DIR.`,
      'The pre-shared key is not in this file. Set it by hand, the same on both routers:',
      `  set vpn ipsec authentication psk ${name} secret '…'`,
    ].map(comment),
    identities(tunnel),
    ...groups(tunnel),
    peer(tunnel),
    ...selectorsOf(tunnel).map((selector) => [
      comment(`${tunnel.local.what}: ${seenAs(selector.local)}; ${tunnel.remote.what}: ${selector.remote.mapped}`),
      `set vpn ipsec site-to-site peer ${name} tunnel ${ruleOf(tunnel, selector)} local prefix ${selector.local.mapped}`,
      `set vpn ipsec site-to-site peer ${name} tunnel ${ruleOf(tunnel, selector)} remote prefix ${selector.remote.mapped}`,
    ]),
    ...nat(tunnel),
    ...familiesOf(tunnel).map((family) => clamp(tunnel, family)),
    routes(tunnel),
  ];
  return `${[banner(tunnel, 'vyos', '#'), ...blocks.map((block) => block.join('\n'))].join('\n\n')}\n`;
}

/** The number of a pair of subnets: of its tunnel and of its NAT rules. */
const ruleOf = ({ numbers }: Tunnel, selector: Selector) => numbers.rules[pairKey(selector)] as number;

const comment = (line: string) => `# ${line}`;
const under = (path: string, values: Readonly<Record<string, string | number>>) =>
  Object.entries(values).map(([key, value]) => `set ${path} ${key} ${value}`);

function identities(tunnel: Tunnel): string[] {
  const ids = [tunnel.local.id, tunnel.remote.id];
  return ids.map((id) => `set vpn ipsec authentication psk ${tunnelName(tunnel)} id ${id}`);
}

function groups(tunnel: Tunnel): string[][] {
  const { ike, esp, initiates } = tunnel;
  const name = tunnelName(tunnel);
  const ikeGroup = {
    'key-exchange': 'ikev2',
    lifetime: ike.lifetime,
    'close-action': initiates ? 'start' : 'none',
    'dead-peer-detection action': initiates ? 'restart' : 'clear',
    'dead-peer-detection interval': 30,
    'dead-peer-detection timeout': 120,
    ...proposal(ike),
    'proposal 10 dh-group': ike.dhGroup,
  };
  const espGroup = { lifetime: esp.lifetime, mode: 'tunnel', pfs: `dh-group${esp.dhGroup}`, ...proposal(esp) };
  return [
    [
      comment('With AES-GCM, the hash is the pseudorandom function of IKE; ESP does not use it, but VyOS requires it.'),
      ...under(`vpn ipsec ike-group ${name}`, ikeGroup),
      ...under(`vpn ipsec esp-group ${name}`, espGroup),
    ],
  ];
}

function proposal({ encryption, hash }: Proposal): Record<string, string> {
  return {
    'proposal 10 encryption': isAead(encryption) ? `${encryption}128` : encryption, // with a tag of 128 bits
    'proposal 10 hash': hash,
  };
}

function peer(tunnel: Tunnel): string[] {
  const { local, remote, initiates } = tunnel;
  const name = tunnelName(tunnel);
  return [
    comment(`Peer: ${routerTitle(remote)}.`),
    ...(initiates ? [] : [comment('respond: this end waits until the other end or traffic to it opens the tunnel.')]),
    `set vpn ipsec interface ${local.outside}`,
    ...under(`vpn ipsec site-to-site peer ${name}`, {
      description: `onprem-link-state-${STATE}`,
      'authentication mode': 'pre-shared-secret',
      'authentication local-id': local.id,
      'authentication remote-id': remote.id,
      'connection-type': initiates ? 'initiate' : 'respond',
      'ike-group': name,
      'default-esp-group': name,
      'local-address': `${local.localAddress}`,
      'remote-address': `${remote.publicAddress}`,
    }),
  ];
}

/**
 * One rule per pair of subnets and direction. Unmapped subnets get an exclude rule, so that no masquerade rule applies
 * to them.
 */
function nat(tunnel: Tunnel): string[][] {
  const { local, remote } = tunnel;
  const pairs = selectorsOf(tunnel).filter(({ local: { real } }) => real.family === 4);
  return pairs.map((pair) => {
    const { real, mapped, isTranslated } = pair.local;
    const rule = ruleOf(tunnel, pair);
    const out = `nat source rule ${rule}`;
    const into = `nat destination rule ${rule}`;
    const source = under(out, {
      'outbound-interface name': local.outside,
      'source address': `${real}`,
      'destination address': `${pair.remote.mapped}`,
    });
    const why = `${local.what}: ${seenAs(pair.local)}; only towards ${remote.what}.`;
    const order = `Rule ${rule} must come before every rule that masquerades, and replaces an existing rule ${rule}: set firstRule if that number is taken.`;
    if (!isTranslated) return [comment(why), comment(order), ...source, `set ${out} exclude`];
    return [
      comment(why),
      comment(order),
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

/** By their key in the file of numbers. */
const CLAMPED_SIDES = { to: 'destination', from: 'source' } as const;

/** Clamps on both interfaces, each for the segments that it receives. */
function clamp(tunnel: Tunnel, family: Family): string[] {
  const { numbers, local, remote } = tunnel;
  const policy = `policy ${family === 4 ? 'route' : 'route6'} MSS-${tunnelName(tunnel)}`;
  const rules = ofFamily(remoteSubnets(tunnel), family).flatMap(({ mapped }) =>
    Object.entries(CLAMPED_SIDES).flatMap(([key, side]) =>
      under(`${policy} rule ${numbers.clamps[`${key} ${mapped}`]}`, {
        [`${side} address`]: `${mapped}`,
        protocol: 'tcp',
        'tcp flags': 'syn',
        'set tcp-mss': mssOf(tunnel, family),
      }),
    ),
  );
  return [
    comment(`ESP adds bytes to every packet: limit TCP segments to and from ${remote.what} to what fits.`),
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
