import { linuxBanner } from './linux';
import { prefixInName, tunnelName } from './names';
import { DH_GROUPS, type Encryption, isAead, type Proposal } from './proposal';
import { type Selector, seenAs, selectorsOf, type Tunnel } from './tunnel';

/** The file with the key, which exists only on the router, beside swanctl.conf: one line, `secret = "…"`. */
export function keyFile(tunnel: Pick<Tunnel, 'site' | 'networks'>): string {
  return `${tunnelName(tunnel)}.psk`;
}

/**
 * Connection, children and the identities of the key for strongSwan's swanctl (swanctl.conf(5), strongSwan ≥ 5.9). It
 * is one of many files in conf.d: `swanctl --load-all` unloads every connection that is in none of the files that it
 * reads.
 */
export function swanctlConf(tunnel: Tunnel): string {
  const { local, remote, ike } = tunnel;
  const name = tunnelName(tunnel);
  return `${linuxBanner(tunnel, 'swanctl.conf')}
# Load it with swanctl --load-all, without --file, which would unload the connections of all other files.
# The pre-shared key is not in this file: ${keyFile(tunnel)} beside this file holds one line,
#   secret = "…"
# that is the same on both routers, is readable by root only, and never enters Git.
connections {
  ${name} {
    version = 2
    local_addrs = ${local.localAddress}
    remote_addrs = ${remote.publicAddress}
    proposals = ${ikeProposal(ike)}
    rekey_time = ${ike.lifetime}s
    dpd_delay = 30s
    keyingtries = 0
    mobike = no
    local {
      auth = psk
      id = ${local.id}
    }
    remote {
      auth = psk
      id = ${remote.id}
    }
    children {
${selectorsOf(tunnel)
  .map((selector) => child(tunnel, selector))
  .join('\n')}
    }
  }
}
secrets {
  ike-${name} {
    id-local = ${local.id}
    id-remote = ${remote.id}
    include ${keyFile(tunnel)}
  }
}
`;
}

function child(tunnel: Tunnel, selector: Selector): string {
  const { local, remote, esp, initiates } = tunnel;
  return `      # ${local.what}: ${seenAs(selector.local)}
      # ${remote.what}: ${selector.remote.mapped}
      ${childName(tunnel, selector)} {
        local_ts = ${selector.local.mapped}
        remote_ts = ${selector.remote.mapped}
        esp_proposals = ${espProposal(esp)}
        rekey_time = ${esp.lifetime}s
        start_action = ${initiates ? 'start' : 'none'}
        close_action = ${initiates ? 'start' : 'none'}
        dpd_action = ${initiates ? 'restart' : 'clear'}
      }`;
}

/** `example-datacentre-192-168-2-0-27-192-168-1-0-24` */
function childName(tunnel: Tunnel, { local, remote }: Selector): string {
  return [tunnelName(tunnel), prefixInName(local.mapped), prefixInName(remote.mapped)].join('-');
}

function ikeProposal({ encryption, hash, dhGroup }: Proposal): string {
  return [cipher(encryption), `${isAead(encryption) ? 'prf' : ''}${hash}`, DH_GROUPS[dhGroup]].join('-');
}

function espProposal({ encryption, hash, dhGroup }: Proposal): string {
  return [cipher(encryption), ...(isAead(encryption) ? [] : [hash]), DH_GROUPS[dhGroup]].join('-');
}

/** With an explicit tag length of 16 bytes. */
function cipher(encryption: Encryption): string {
  return isAead(encryption) ? `${encryption}16` : encryption;
}
