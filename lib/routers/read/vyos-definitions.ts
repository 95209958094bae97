/**
 * What VyOS allows under the nodes that our files set: a snapshot of the interface definitions of 1.4 (sagitta), 1.5
 * (circinus) and current, which agree on all of it. A word in capitals denotes a kind of value.
 */
const DEFINED = [
  'vpn ipsec interface TEXT',
  'vpn ipsec authentication psk TEXT id TEXT',
  'vpn ipsec ike-group TEXT key-exchange ikev1|ikev2',
  'vpn ipsec ike-group TEXT lifetime 0-86400',
  'vpn ipsec ike-group TEXT close-action none|trap|start',
  'vpn ipsec ike-group TEXT dead-peer-detection action trap|clear|restart',
  'vpn ipsec ike-group TEXT dead-peer-detection interval 2-86400',
  'vpn ipsec ike-group TEXT dead-peer-detection timeout 2-86400',
  'vpn ipsec ike-group TEXT proposal 1-65535 encryption CIPHER',
  'vpn ipsec ike-group TEXT proposal 1-65535 hash HASH',
  'vpn ipsec ike-group TEXT proposal 1-65535 dh-group GROUP',
  'vpn ipsec esp-group TEXT lifetime 30-86400',
  'vpn ipsec esp-group TEXT mode tunnel|transport',
  'vpn ipsec esp-group TEXT pfs PFS',
  'vpn ipsec esp-group TEXT proposal 1-65535 encryption CIPHER',
  'vpn ipsec esp-group TEXT proposal 1-65535 hash HASH',
  'vpn ipsec site-to-site peer NAME description TEXT',
  'vpn ipsec site-to-site peer NAME authentication mode pre-shared-secret|rsa|x509',
  'vpn ipsec site-to-site peer NAME authentication local-id TEXT',
  'vpn ipsec site-to-site peer NAME authentication remote-id TEXT',
  'vpn ipsec site-to-site peer NAME connection-type initiate|respond|none',
  'vpn ipsec site-to-site peer NAME ike-group TEXT',
  'vpn ipsec site-to-site peer NAME default-esp-group TEXT',
  'vpn ipsec site-to-site peer NAME local-address ADDRESS',
  'vpn ipsec site-to-site peer NAME remote-address ADDRESS',
  'vpn ipsec site-to-site peer NAME tunnel 0-4294967295 local prefix PREFIX',
  'vpn ipsec site-to-site peer NAME tunnel 0-4294967295 remote prefix PREFIX',
  'nat source rule 1-999999 outbound-interface name TEXT',
  'nat source rule 1-999999 source address PREFIX4',
  'nat source rule 1-999999 destination address PREFIX4',
  'nat source rule 1-999999 translation address PREFIX4',
  'nat source rule 1-999999 exclude',
  'nat destination rule 1-999999 inbound-interface name TEXT',
  'nat destination rule 1-999999 source address PREFIX4',
  'nat destination rule 1-999999 destination address PREFIX4',
  'nat destination rule 1-999999 translation address PREFIX4',
  'policy route POLICY interface TEXT',
  'policy route POLICY rule 1-999999 source address PREFIX4',
  'policy route POLICY rule 1-999999 destination address PREFIX4',
  'policy route POLICY rule 1-999999 protocol TEXT',
  'policy route POLICY rule 1-999999 tcp flags TEXT',
  'policy route POLICY rule 1-999999 set tcp-mss 500-1460',
  'policy route6 POLICY interface TEXT',
  'policy route6 POLICY rule 1-999999 source address PREFIX6',
  'policy route6 POLICY rule 1-999999 destination address PREFIX6',
  'policy route6 POLICY rule 1-999999 protocol TEXT',
  'policy route6 POLICY rule 1-999999 tcp flags TEXT',
  'policy route6 POLICY rule 1-999999 set tcp-mss 500-1460',
  'protocols static route PREFIX4 next-hop ADDRESS4',
  'protocols static route6 PREFIX6 next-hop ADDRESS6',
].map((text) => text.split(' '));

const KINDS: Readonly<Record<string, RegExp>> = {
  TEXT: /^[!-~]{1,255}$/,
  NAME: /^[-_a-zA-Z0-9|@]+$/,
  POLICY: /^[a-zA-Z0-9][\w.-]*$/,
  CIPHER: /^aes(128|192|256)(gcm(64|96|128))?$/,
  HASH: /^(md5|sha1|sha256|sha384|sha512)$/,
  GROUP: /^([125]|1[4-9]|2\d|3[0-2])$/,
  PFS: /^(enable|disable|dh-group([125]|1[4-9]|2\d|3[0-2]))$/,
  ADDRESS: /^[\d.]+$|:/,
  ADDRESS4: /^[\d.]+$/,
  ADDRESS6: /^[\da-f:]+$/,
  PREFIX: /^[\da-f.:]+\/\d+$/,
  PREFIX4: /^[\d.]+\/\d+$/,
  PREFIX6: /^[\da-f:]+\/\d+$/,
};

/** Whether VyOS defines the path of a `set` command and allows its values. */
export function isDefined(path: readonly string[]): boolean {
  return DEFINED.some(
    (words) => words.length === path.length && words.every((word, i) => allows(word, path[i] as string)),
  );
}

function allows(word: string, value: string): boolean {
  if (word === value) return true;
  if (!/[A-Z\d|]/.test(word)) return false; // not a kind, range or choice
  const range = /^(\d+)-(\d+)$/.exec(word);
  if (range !== null)
    return /^\d+$/.test(value) && Number(value) >= Number(range[1]) && Number(value) <= Number(range[2]);
  return KINDS[word]?.test(value) ?? word.split('|').includes(value);
}
