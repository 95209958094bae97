import { Subnet } from '../../lib/network';
import { oneOf, type VpnSite } from './vpn-sites';

/** A change of one generated file, as a slip of somebody's hand makes it. */
export interface Mutant {
  readonly name: string;
  readonly path: string;
  readonly text: string;
}

type Random = () => number;
type Mutate = (site: VpnSite, random: Random) => Mutant | undefined;

const LIST = 'dist/example/node-routes.k8s.yaml';
const SERVICE = 'dist/example/orders.k8s.yaml';

/** Changes one of the places where a pattern matches. @returns undefined where there is none */
function changed(
  site: VpnSite,
  random: Random,
  name: string,
  path: string,
  pattern: RegExp,
  change: (found: string, random: Random) => string,
): Mutant | undefined {
  const before = site.tree.get(path) ?? '';
  const places = [...before.matchAll(pattern)];
  if (places.length === 0) return undefined;
  const place = oneOf(random, places);
  const text = before.slice(0, place.index) + change(place[0], random) + before.slice(place.index + place[0].length);
  return text === before ? undefined : { name: `${name} in ${path}`, path, text };
}

const end = (site: VpnSite, random: Random) => oneOf(random, [site.clusterEnd, site.premisesEnd]);
const SUBNET = /\d+\.\d+\.\d+\.\d+\/\d+/;

/** One half of the subnet in the text. */
const halved = (text: string, random: Random) =>
  text.replace(SUBNET, (found) => {
    const subnet = Subnet.parse(found);
    const lower = new Subnet(subnet.address, subnet.prefixLength + 1);
    return random() < 0.5 ? `${lower}` : `${new Subnet(lower.last.next() as never, lower.prefixLength)}`;
  });

/** The subnet after the last one in the text. */
const shifted = (text: string) =>
  text.replace(/(\d+\.\d+\.\d+\.\d+\/\d+)(?!.*\d+\.\d+\.\d+\.\d+\/\d+)/, (found) => {
    const { last, prefixLength } = Subnet.parse(found);
    return `${new Subnet(last.next() as never, prefixLength)}`;
  });

/** The kinds of slips, each at a random place. */
export const MUTATIONS: Readonly<Record<string, Mutate>> = {
  'selector narrowed': (site, random) =>
    changed(
      site,
      random,
      'selector narrowed',
      `${end(site, random)}/swanctl.conf`,
      /(?:local|remote)_ts = \S+/g,
      halved,
    ),
  'selector moved': (site, random) =>
    changed(site, random, 'selector moved', `${end(site, random)}/swanctl.conf`, /(?:local|remote)_ts = \S+/g, shifted),
  'child left out': (site, random) =>
    changed(
      site,
      random,
      'child left out',
      `${end(site, random)}/swanctl.conf`,
      / {6}\S+-to-\S+ \{[^}]*\}\n| {6}example-\S+ \{[^}]*\}\n/g,
      () => '',
    ),
  'child that no end opens': (site, random) =>
    changed(
      site,
      random,
      'child that no end opens',
      `${site.clusterEnd}/swanctl.conf`,
      /start_action = start/g,
      () => 'start_action = none',
    ),
  'forwarding off': (site, random) =>
    changed(
      site,
      random,
      'forwarding off',
      `${end(site, random)}/sysctl.conf`,
      /ip_forward = 1/g,
      () => 'ip_forward = 0',
    ),
  'ESP proposal changed': (site, random) =>
    changed(
      site,
      random,
      'ESP proposal changed',
      `${end(site, random)}/swanctl.conf`,
      /esp_proposals = \S+/g,
      () => 'esp_proposals = aes128gcm16-ecp384',
    ),
  'IKE proposal changed': (site, random) =>
    changed(
      site,
      random,
      'IKE proposal changed',
      `${end(site, random)}/swanctl.conf`,
      / proposals = \S+/g,
      () => ' proposals = aes128gcm16-prfsha256-ecp256',
    ),
  'identity changed': (site, random) =>
    changed(
      site,
      random,
      'identity changed',
      `${end(site, random)}/swanctl.conf`,
      /remote \{\n +auth = psk\n +id = \S+[\s\S]*id-remote = \S+/g,
      (found) =>
        found.replace(/id = \S+/, 'id = other.example').replace(/id-remote = \S+/, 'id-remote = other.example'),
    ),
  'source NAT left out': (site, random) =>
    changed(site, random, 'source NAT left out', `${end(site, random)}/nftables.conf`, /^.* snat .*\n/gm, () => ''),
  'destination NAT left out': (site, random) =>
    changed(
      site,
      random,
      'destination NAT left out',
      `${end(site, random)}/nftables.conf`,
      /^.* dnat .*\n/gm,
      () => '',
    ),
  'NAT shifted': (site, random) =>
    changed(site, random, 'NAT shifted', `${end(site, random)}/nftables.conf`, /\S+\/\d+ : \S+\/\d+/g, shifted),
  'NAT for half of the other end': (site, random) =>
    changed(
      site,
      random,
      'NAT for half of the other end',
      `${end(site, random)}/nftables.conf`,
      /[sd]addr \{ [^}]* \} [sd]nat/g,
      halved,
    ),
  'route left out of the list': (site, random) =>
    changed(site, random, 'route left out of the list', LIST, /^ {6}"\d+\.\d+\.\d+\.\d+\/\d+",\n/gm, () => ''),
  'route of the list shifted': (site, random) =>
    changed(site, random, 'route of the list shifted', LIST, /^ {6}"\d+\.\d+\.\d+\.\d+\/\d+"/gm, shifted),
  'endpoint moved': (site, random) =>
    changed(site, random, 'endpoint moved', SERVICE, /- \d+\.\d+\.\d+\.\d+$/gm, (found) =>
      found.replace(/\d+$/, (last) => `${Number(last) + 1}`),
    ),
};
