import type { Subnet } from '../network';
import { banner } from './banner';
import { type Entry, fortigateInterface, name, text, withMask } from './fortigate-cli';
import { addresses, policies, pools, staticRoutes, virtualIps } from './fortigate-objects';
import { isAead, type Proposal } from './proposal';
import { familiesOf, seenAs, selectorsOf, type Tunnel } from './tunnel';

/**
 * FortiOS CLI for a route-based tunnel (FortiOS ≥ 7.0): interface, phase 2 per pair of subnets, address pools that keep
 * host parts for what leaves, virtual IPs for what enters, policies with an MSS clamp, routes.
 */
export function fortigateCli(tunnel: Tunnel): string {
  const blocks = [
    block('vpn ipsec phase1-interface', [phase1(tunnel)], keyHint(tunnel)),
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
  return `${[banner(tunnel, '#'), ...blocks.filter((text) => text !== '')].join('\n')}\n`;
}

function block(path: string, entries: readonly Entry[], hint: readonly string[] = []): string {
  if (entries.length === 0) return '';
  const body = entries.flatMap(({ edit, why, set }) => [
    ...(why === undefined ? [] : [`    # ${why}`]),
    `    edit ${typeof edit === 'number' ? edit : text(edit)}`,
    ...Object.entries(set).map(([key, value]) => `        set ${key} ${value}`),
    ...hint.map((line) => `        # ${line}`),
    '    next',
  ]);
  return [`config ${path}`, ...body, 'end'].join('\n');
}

function keyHint(tunnel: Tunnel): string[] {
  return [
    'The pre-shared key is not in here. Set it by hand, the same on both routers:',
    `  set psksecret <key of ${tunnel.network}>`,
  ];
}

function phase1({ network, local, remote, ike, initiates }: Tunnel): Entry {
  const six = remote.publicAddress.family === 6;
  return {
    edit: fortigateInterface(network),
    why: `The router of ${remote.what}.`,
    set: {
      interface: text(local.outside),
      'ike-version': 2,
      ...(six && { 'ip-version': 6 }),
      [six ? 'local-gw6' : 'local-gw']: `${local.localAddress}`,
      [six ? 'remote-gw6' : 'remote-gw']: `${remote.publicAddress}`,
      localid: text(local.id),
      peertype: 'one',
      peerid: text(remote.id),
      proposal: `${ike.encryption}-${isAead(ike.encryption) ? 'prf' : ''}${ike.hash}`,
      dhgrp: ike.dhGroup,
      keylife: ike.lifetime,
      dpd: 'on-idle',
      'auto-negotiate': initiates ? 'enable' : 'disable',
      'net-device': 'disable',
    },
  };
}

function phase2(tunnel: Tunnel): Entry[] {
  const { network, local, remote, esp, initiates } = tunnel;
  return selectorsOf(tunnel).map((selector, i) => ({
    edit: name(network, i),
    why: `${local.what}: ${seenAs(selector.local)}; ${remote.what}: ${selector.remote.mapped}`,
    set: {
      phase1name: text(fortigateInterface(network)),
      proposal: espProposal(esp),
      pfs: 'enable',
      dhgrp: esp.dhGroup,
      keylifeseconds: esp.lifetime,
      'auto-negotiate': initiates ? 'enable' : 'disable',
      ...selectorSide('src', selector.local.mapped),
      ...selectorSide('dst', selector.remote.mapped),
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
