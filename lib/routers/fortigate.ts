import type { Subnet } from '../network';
import { banner, STATE } from './banner';
import { type Entry, text, withMask } from './fortigate-cli';
import { addresses, policies, pools, staticRoutes, virtualIps } from './fortigate-objects';
import { fortigateInterface, tunnelName } from './names';
import { isAead, type Proposal } from './proposal';
import { familiesOf, pairKey, seenAs, selectorsOf, type Tunnel } from './tunnel';

/**
 * FortiOS CLI for a route-based tunnel (FortiOS ≥ 7.0): interface, phase 2 per pair of subnets, address pools that keep
 * host parts for outgoing packets, virtual IPs for incoming packets, policies with an MSS clamp, routes.
 */
export function fortigateCli(tunnel: Tunnel): string {
  const blocks = [
    block('vpn ipsec phase1-interface', [phase1(tunnel)]),
    block('vpn ipsec phase2-interface', phase2(tunnel)),
    ...familiesOf(tunnel).map((family) =>
      block(family === 4 ? 'firewall address' : 'firewall address6', addresses(tunnel, family)),
    ),
    block('firewall ippool', pools(tunnel)),
    block('firewall vip', virtualIps(tunnel)),
    block('firewall policy', policies(tunnel)),
    block('router static', staticRoutes(tunnel, 4)),
    block('router static6', staticRoutes(tunnel, 6)),
  ];
  return `${[banner(tunnel, 'fortigate', '#'), ...keyHint(tunnel), ...blocks.filter((text) => text !== '')].join('\n')}\n`;
}

function block(path: string, entries: readonly Entry[]): string {
  if (entries.length === 0) return '';
  const body = entries.flatMap(({ edit, why, set }) => [
    ...(why === undefined ? [] : [`    # ${why}`]),
    `    edit ${typeof edit === 'number' ? edit : text(edit)}`,
    ...Object.entries(set).map(([key, value]) => `        set ${key} ${value}`),
    '    next',
  ]);
  return [`config ${path}`, ...body, 'end'].join('\n');
}

/** FortiOS rejects a phase 1 without a key at the end of its block, so a new one needs the key on creation. */
function keyHint(tunnel: Tunnel): string[] {
  const name = fortigateInterface(tunnelName(tunnel));
  return [
    '# The pre-shared key is not in this file. On a router that does not have it yet, enter the first block by hand and add,',
    `# before its line "next", the command that sets the key of ${name}:`,
    '#   set psksecret <key>',
    '# If the key is already set, the block does not change it.',
  ];
}

function phase1(tunnel: Tunnel): Entry {
  const { local, remote, ike, initiates } = tunnel;
  const six = remote.publicAddress.family === 6;
  return {
    edit: fortigateInterface(tunnelName(tunnel)),
    set: {
      interface: text(local.outside),
      'ike-version': 2,
      ...(six && { 'ip-version': 6 }),
      [six ? 'local-gw6' : 'local-gw']: `${local.localAddress}`,
      [six ? 'remote-gw6' : 'remote-gw']: `${remote.publicAddress}`,
      localid: text(local.id),
      'localid-type': idType(local.id),
      peertype: 'one',
      peerid: text(remote.id),
      proposal: `${ike.encryption}-${isAead(ike.encryption) ? 'prf' : ''}${ike.hash}`,
      dhgrp: ike.dhGroup,
      keylife: ike.lifetime,
      dpd: 'on-idle',
      'auto-negotiate': initiates ? 'enable' : 'disable',
      'passive-mode': initiates ? 'disable' : 'enable',
      'net-device': 'disable',
      comments: text(`onprem-link state ${STATE}`),
    },
  };
}

/** Without this, FortiOS sends an address as a domain name, and the other end answers AUTHENTICATION_FAILED. */
function idType(id: string): string {
  if (/^[\d.]+$|:/.test(id)) return 'address';
  return id.includes('@') ? 'user-fqdn' : 'fqdn';
}

function phase2(tunnel: Tunnel): Entry[] {
  const { numbers, local, remote, esp, initiates } = tunnel;
  const name = fortigateInterface(tunnelName(tunnel));
  return selectorsOf(tunnel).map((selector) => ({
    edit: `${name}-${numbers.rules[pairKey(selector)]}`,
    why: `${local.what}: ${seenAs(selector.local)}; ${remote.what}: ${selector.remote.mapped}`,
    set: {
      phase1name: text(name),
      proposal: espProposal(esp),
      pfs: 'enable',
      dhgrp: esp.dhGroup,
      keylifeseconds: esp.lifetime,
      'auto-negotiate': initiates ? 'enable' : 'disable',
      ...selectorSide('src', selector.local.mapped),
      ...selectorSide('dst', selector.remote.mapped),
      comments: text(pairKey(selector)),
    },
  }));
}

function espProposal({ encryption, hash }: Proposal): string {
  return isAead(encryption) ? encryption : `${encryption}-${hash}`;
}

function selectorSide(side: 'src' | 'dst', subnet: Subnet): Record<string, string> {
  if (subnet.family === 4) return { [`${side}-subnet`]: withMask(subnet) };
  return { [`${side}-addr-type`]: 'subnet6', [`${side}-subnet6`]: `${subnet}` };
}
