/**
 * The options that FortiOS 7.0 and later have for the objects that our files set, frozen from the vendor's published
 * schema, with the values of those that are enumerations.
 */
const OPTIONS: Readonly<Record<string, Readonly<Record<string, RegExp>>>> = {
  'vpn ipsec phase1-interface': {
    interface: /./,
    'ike-version': /^[12]$/,
    'ip-version': /^[46]$/,
    'local-gw': /^[\d.]+$/,
    'local-gw6': /:/,
    'remote-gw': /^[\d.]+$/,
    'remote-gw6': /:/,
    localid: /^.{1,63}$/,
    'localid-type': /^(auto|fqdn|user-fqdn|keyid|address|asn1dn)$/,
    peertype: /^(any|one|dialup|peer|peergrp)$/,
    peerid: /^.{1,255}$/,
    proposal: /^aes(128|192|256)(gcm-prfsha(1|256|384|512)|-sha(1|256|384|512))$/,
    dhgrp: /^([125]|1[4-9]|2[01]|2[7-9]|3[0-2])$/,
    keylife: /^\d+$/,
    dpd: /^(disable|on-idle|on-demand)$/,
    'auto-negotiate': /^(enable|disable)$/,
    'passive-mode': /^(enable|disable)$/,
    'net-device': /^(enable|disable)$/,
    comments: /^.{1,255}$/,
  },
  'vpn ipsec phase2-interface': {
    phase1name: /^.{1,15}$/,
    proposal: /^(aes(128|192|256)-sha(1|256|384|512)|aes(128|256)gcm)$/,
    pfs: /^(enable|disable)$/,
    dhgrp: /^([125]|1[4-9]|2[01]|2[7-9]|3[0-2])$/,
    keylifeseconds: /^\d+$/,
    'auto-negotiate': /^(enable|disable)$/,
    'src-addr-type': /^(subnet|range|ip|name|subnet6|range6|ip6|name6)$/,
    'src-subnet': /^[\d.]+ [\d.]+$/,
    'src-subnet6': /:.*\/\d+$/,
    'dst-addr-type': /^(subnet|range|ip|name|subnet6|range6|ip6|name6)$/,
    'dst-subnet': /^[\d.]+ [\d.]+$/,
    'dst-subnet6': /:.*\/\d+$/,
    comments: /^.{1,255}$/,
  },
  'firewall address': { subnet: /^[\d.]+ [\d.]+$/ },
  'firewall address6': { ip6: /:.*\/\d+$/ },
  'firewall ippool': {
    type: /^(overload|one-to-one|fixed-port-range|port-block-allocation)$/,
    startip: /^[\d.]+$/,
    endip: /^[\d.]+$/,
    'source-startip': /^[\d.]+$/,
    'source-endip': /^[\d.]+$/,
  },
  'firewall vip': { extintf: /./, extip: /^[\d.]+-[\d.]+$/, mappedip: /^[\d.]+-[\d.]+$/ },
  'firewall policy': {
    srcintf: /./,
    dstintf: /./,
    srcaddr: /./,
    dstaddr: /./,
    srcaddr6: /./,
    dstaddr6: /./,
    action: /^(accept|deny|ipsec)$/,
    schedule: /./,
    service: /./,
    'tcp-mss-sender': /^\d+$/,
    'tcp-mss-receiver': /^\d+$/,
    nat: /^(enable|disable)$/,
    ippool: /^(enable|disable)$/,
    poolname: /./,
  },
  'router static': {
    dst: /^[\d.]+ [\d.]+$/,
    device: /./,
    gateway: /^[\d.]+$/,
    blackhole: /^(enable|disable)$/,
    distance: /^\d+$/,
  },
  'router static6': {
    dst: /:.*\/\d+$/,
    device: /./,
    gateway: /:/,
    blackhole: /^(enable|disable)$/,
    distance: /^\d+$/,
  },
};

/** Maximum length of names, by path; numbered objects have no names. */
const LONGEST_NAME: Readonly<Record<string, number>> = {
  'vpn ipsec phase1-interface': 15,
  'vpn ipsec phase2-interface': 35,
  'firewall address': 79,
  'firewall address6': 79,
  'firewall ippool': 79,
  'firewall vip': 79,
};

/** Whether FortiOS has the option at that path and allows the value. */
export function isOption(path: string, key: string, values: readonly string[]): boolean {
  return OPTIONS[path]?.[key]?.test(values.join(' ')) ?? false;
}

/** Whether an object may have this name: a number, or a text that is not too long. */
export function isObjectName(path: string, name: string): boolean {
  const longest = LONGEST_NAME[path];
  return longest === undefined ? /^\d{1,10}$/.test(name) : name.length > 0 && name.length <= longest;
}
