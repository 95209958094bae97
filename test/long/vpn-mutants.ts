import { Subnet } from '../../lib/network';
import { oneOf, type VpnSite } from './vpn-sites';

/** A generated file with one error, as a manual edit might introduce it. */
export interface Mutant {
  readonly name: string;
  readonly path: string;
  readonly text: string;
}

type Random = () => number;

/** Changes one match of a pattern in a file. */
interface Mutation {
  readonly path: string | ((site: VpnSite, random: Random) => string);
  readonly pattern: RegExp;
  readonly change: (found: string, random: Random) => string;
}

const LIST = 'dist/example/node-routes.k8s.yaml';
const SERVICE = 'dist/example/orders.k8s.yaml';

/** The path of this file for one of the two routers, chosen at random. */
const at = (file: string) => (site: VpnSite, random: Random) =>
  `${oneOf(random, [site.clusterEnd, site.premisesEnd])}/${file}`;
const SUBNET = /\d+\.\d+\.\d+\.\d+\/\d+/;

/** The text with its subnet reduced to one half. */
const halved = (text: string, random: Random) =>
  text.replace(SUBNET, (found) => {
    const subnet = Subnet.parse(found);
    const lower = new Subnet(subnet.address, subnet.prefixLength + 1);
    return random() < 0.5 ? `${lower}` : `${new Subnet(lower.last.next() as never, lower.prefixLength)}`;
  });

/** The text with its last subnet replaced by the next one. */
const shifted = (text: string) =>
  text.replace(/(\d+\.\d+\.\d+\.\d+\/\d+)(?!.*\d+\.\d+\.\d+\.\d+\/\d+)/, (found) => {
    const { last, prefixLength } = Subnet.parse(found);
    return `${new Subnet(last.next() as never, prefixLength)}`;
  });

/** The kinds of errors. */
const MUTATIONS: Readonly<Record<string, Mutation>> = {
  'selector narrowed': { path: at('swanctl.conf'), pattern: /(?:local|remote)_ts = \S+/g, change: halved },
  'selector moved': { path: at('swanctl.conf'), pattern: /(?:local|remote)_ts = \S+/g, change: shifted },
  'child left out': {
    path: at('swanctl.conf'),
    pattern: / {6}\S+-to-\S+ \{[^}]*\}\n| {6}example-\S+ \{[^}]*\}\n/g,
    change: () => '',
  },
  'child that neither end initiates': {
    path: ({ clusterEnd }) => `${clusterEnd}/swanctl.conf`,
    pattern: /start_action = start/g,
    change: () => 'start_action = none',
  },
  'forwarding off': { path: at('sysctl.conf'), pattern: /ip_forward = 1/g, change: () => 'ip_forward = 0' },
  'ESP proposal changed': {
    path: at('swanctl.conf'),
    pattern: /esp_proposals = \S+/g,
    change: () => 'esp_proposals = aes128gcm16-ecp384',
  },
  'IKE proposal changed': {
    path: at('swanctl.conf'),
    pattern: / proposals = \S+/g,
    change: () => ' proposals = aes128gcm16-prfsha256-ecp256',
  },
  'identity changed': {
    path: at('swanctl.conf'),
    pattern: /remote \{\n +auth = psk\n +id = \S+[\s\S]*id-remote = \S+/g,
    change: (found) =>
      found.replace(/id = \S+/, 'id = other.example').replace(/id-remote = \S+/, 'id-remote = other.example'),
  },
  'source NAT rule removed': { path: at('nftables.conf'), pattern: /^.* snat .*\n/gm, change: () => '' },
  'destination NAT rule removed': { path: at('nftables.conf'), pattern: /^.* dnat .*\n/gm, change: () => '' },
  'NAT shifted': { path: at('nftables.conf'), pattern: /\S+\/\d+ : \S+\/\d+/g, change: shifted },
  'NAT rule limited to half of the other end': {
    path: at('nftables.conf'),
    pattern: /[sd]addr \{ [^}]* \} [sd]nat/g,
    change: halved,
  },
  'route removed from the list': { path: LIST, pattern: /^ {6}"\d+\.\d+\.\d+\.\d+\/\d+",\n/gm, change: () => '' },
  'route in the list moved': { path: LIST, pattern: /^ {6}"\d+\.\d+\.\d+\.\d+\/\d+"/gm, change: shifted },
  'endpoint moved': {
    path: SERVICE,
    pattern: /- \d+\.\d+\.\d+\.\d+$/gm,
    change: (found) => found.replace(/\d+$/, (last) => `${Number(last) + 1}`),
  },
};

/** The kinds of errors, by name. */
export const KINDS: readonly string[] = Object.keys(MUTATIONS);

/** An error of this kind at a random place. @returns undefined if the site's files have no place for it */
export function mutantOf(site: VpnSite, kind: string, random: Random): Mutant | undefined {
  const { path: where, pattern, change } = MUTATIONS[kind] as Mutation;
  const path = typeof where === 'string' ? where : where(site, random);
  const before = site.tree.get(path) ?? '';
  const places = [...before.matchAll(pattern)];
  if (places.length === 0) return undefined;
  const place = oneOf(random, places);
  const text = before.slice(0, place.index) + change(place[0], random) + before.slice(place.index + place[0].length);
  return text === before ? undefined : { name: `${kind} in ${path}`, path, text };
}
