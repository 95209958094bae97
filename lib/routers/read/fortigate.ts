import { type RouterFacts, sorted } from './facts';
import { type Configuration, objectsOf, only, parseFortigate, prefix, type Settings, span } from './fortigate-cli';

/** The configuration that the text produces on an empty router. */
export function fortigateFacts(text: string): RouterFacts {
  const all = parseFortigate(text);
  const [[tunnel, phase1], ...more] = [...objectsOf(all, 'vpn ipsec phase1-interface')] as [[string, Settings]];
  const phase2 = [...objectsOf(all, 'vpn ipsec phase2-interface').values()];
  const [child] = phase2;
  if (more.length > 0 || child === undefined || phase2.some((one) => only(one, 'phase1name') !== tunnel))
    throw new Error('not one tunnel with its children');
  if (only(phase1, 'ike-version') !== '2' || only(phase1, 'peertype') !== 'one')
    throw new Error('not IKEv2 with one peer');
  const policies = policyFacts(all, tunnel);
  const six = phase1.has('remote-gw6') ? '6' : '';
  return sorted({
    localAddress: only(phase1, `local-gw${six}`),
    remoteAddress: only(phase1, `remote-gw${six}`),
    localId: only(phase1, 'localid'),
    remoteId: only(phase1, 'peerid'),
    initiates: only(phase1, 'auto-negotiate') === 'enable',
    ike: [...proposal(phase1, /-(?:prf)?/), only(phase1, 'dhgrp'), only(phase1, 'keylife')].join(' '),
    esp: [...proposal(child, '-'), only(child, 'dhgrp'), only(child, 'keylifeseconds')].join(' '),
    selectors: phase2.map((one) => `${selector(one, 'src')} ${selector(one, 'dst')}`),
    ...policies,
    routes: routes(all, tunnel),
  });
}

function proposal(settings: Settings, divider: string | RegExp): string[] {
  const [encryption, hash = '-'] = only(settings, 'proposal').split(divider);
  return [encryption as string, hash];
}

const selector = (phase2: Settings, side: string) =>
  prefix(phase2.get(`${side}-subnet6`) ?? phase2.get(`${side}-subnet`));

/** The packets that the policies let out and in, with their addresses and segment sizes. */
function policyFacts(all: Configuration, tunnel: string): Pick<RouterFacts, 'leaves' | 'enters' | 'segments'> {
  const named = addresses(all);
  const subnet = (name: string) => named.get(name) ?? `unknown ${name}`;
  const pairs = [...objectsOf(all, 'firewall policy').values()].flatMap((policy) => pairsOf(policy, tunnel));
  return {
    segments: pairs.map(({ policy, far }) => `${subnet(far)} ${segment(policy)}`),
    leaves: pairs
      .filter(({ leaves }) => leaves)
      .map(({ policy, near, far }) => `${subnet(near)} as ${leavesAs(all, policy, subnet(near))} to ${subnet(far)}`),
    enters: pairs
      .filter(({ leaves }) => !leaves)
      .map(
        ({ near, far }) => `${entersAs(all, tunnel, near) ?? `${subnet(near)} is ${subnet(near)}`} from ${subnet(far)}`,
      ),
  };
}

function addresses(all: Configuration): Map<string, string> {
  const named = new Map<string, string>();
  for (const [name, set] of objectsOf(all, 'firewall address')) named.set(name, prefix(set.get('subnet')));
  for (const [name, set] of objectsOf(all, 'firewall address6')) named.set(name, prefix(set.get('ip6')));
  return named;
}

/** Every pair of a name on this side and a name on the other side that a policy lets through the tunnel. */
function pairsOf(policy: Settings, tunnel: string) {
  const sources = policy.get('srcaddr') ?? policy.get('srcaddr6') ?? [];
  const destinations = policy.get('dstaddr') ?? policy.get('dstaddr6') ?? [];
  const leaves = only(policy, 'dstintf') === tunnel;
  if (!leaves && only(policy, 'srcintf') !== tunnel) throw new Error('a policy beside the tunnel');
  const [nears, fars] = leaves ? [sources, destinations] : [destinations, sources];
  return nears.flatMap((near) => fars.map((far) => ({ policy, leaves, near, far })));
}

function segment(policy: Settings): string {
  if (only(policy, 'tcp-mss-sender') !== only(policy, 'tcp-mss-receiver')) throw new Error('half a clamp');
  return only(policy, 'tcp-mss-sender');
}

function leavesAs(all: Configuration, policy: Settings, real: string): string {
  if (only(policy, 'nat') === 'disable') return real;
  const pool = objectsOf(all, 'firewall ippool').get(only(policy, 'poolname'));
  if (only(policy, 'ippool') !== 'enable' || only(pool, 'type') !== 'fixed-port-range') return 'any address';
  if (span(only(pool, 'source-startip'), only(pool, 'source-endip')) !== real) return "another subnet's";
  return span(only(pool, 'startip'), only(pool, 'endip'));
}

function entersAs(all: Configuration, tunnel: string, name: string): string | undefined {
  const vip = objectsOf(all, 'firewall vip').get(name);
  if (vip === undefined) return undefined;
  if (only(vip, 'extintf') !== tunnel) throw new Error('a virtual IP on another interface');
  const [from, to] = ['extip', 'mappedip'].map((key) => span(...(only(vip, key).split('-') as [string, string])));
  return `${from} is ${to}`;
}

/** Routes with a gateway. Every route into the tunnel must have a black hole beside it. */
function routes(all: Configuration, tunnel: string): string[] {
  const found = [...objectsOf(all, 'router static').values(), ...objectsOf(all, 'router static6').values()];
  const destinations = (fits: (route: Settings) => boolean) =>
    found
      .filter(fits)
      .map((route) => prefix(route.get('dst')))
      .sort();
  const into = destinations((route) => !route.has('blackhole') && only(route, 'device') === tunnel);
  const holes = destinations((route) => route.has('blackhole'));
  if (into.length === 0 || `${into}` !== `${holes}`)
    throw new Error(`routes into the tunnel ${into}, black holes ${holes}`);
  return found
    .filter((route) => route.has('gateway'))
    .map((route) => `${prefix(route.get('dst'))} via ${only(route, 'gateway')}`);
}
