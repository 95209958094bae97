import { banner } from './banner';
import { DH_GROUPS, type Encryption, isAead, type Proposal } from './proposal';
import { type Selector, seenAs, selectorsOf, type Tunnel } from './tunnel';

/** The file with the key, beside swanctl.conf on the router and nowhere else: one line, `secret = "…"`. */
export function keyFile({ network }: Tunnel): string {
  return `${network}.psk`;
}

/** Connection, children and the identities of the key for strongSwan's swanctl (swanctl.conf(5), strongSwan ≥ 5.9). */
export function swanctlConf(tunnel: Tunnel): string {
  const { network, local, remote, ike } = tunnel;
  return `${banner(tunnel, '#')}
# The pre-shared key is not in here: ${keyFile(tunnel)} beside this file holds one line,
#   secret = "…"
# that is the same on both routers, is readable by root only, and never enters Git.
connections {
  ${network} {
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
  .map((selector, i) => child(tunnel, selector, i + 1))
  .join('\n')}
    }
  }
}
secrets {
  ike-${network} {
    id-local = ${local.id}
    id-remote = ${remote.id}
    include ${keyFile(tunnel)}
  }
}
`;
}

function child({ network, local, remote, esp, initiates }: Tunnel, selector: Selector, number: number): string {
  return `      # ${local.what}: ${seenAs(selector.local)}
      # ${remote.what}: ${selector.remote.mapped}
      ${network}-${number} {
        local_ts = ${selector.local.mapped}
        remote_ts = ${selector.remote.mapped}
        esp_proposals = ${espProposal(esp)}
        rekey_time = ${esp.lifetime}s
        start_action = ${initiates ? 'start' : 'none'}
        close_action = ${initiates ? 'start' : 'none'}
        dpd_action = ${initiates ? 'restart' : 'clear'}
      }`;
}

function ikeProposal({ encryption, hash, dhGroup }: Proposal): string {
  return [cipher(encryption), `${isAead(encryption) ? 'prf' : ''}${hash}`, DH_GROUPS[dhGroup]].join('-');
}

function espProposal({ encryption, hash, dhGroup }: Proposal): string {
  return [cipher(encryption), ...(isAead(encryption) ? [] : [hash]), DH_GROUPS[dhGroup]].join('-');
}

/** With the length of the tag, 16 bytes, written out. */
function cipher(encryption: Encryption): string {
  return isAead(encryption) ? `${encryption}16` : encryption;
}
