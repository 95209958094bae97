import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Namespace } from './namespaces';
import { CHARON } from './vpn-requirements';
import { waitFor } from './wait';

/** A CHILD_SA in the words of `swanctl --list-sas`. */
export interface ChildSa {
  readonly name: string;
  /** Both as strongSwan writes them, e.g. '192.168.2.0/27'. */
  readonly local: string;
  readonly remote: string;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/**
 * strongSwan's own settings: ESP in user space (kernel-libipsec over a TUN), since not every kernel has ESP. It installs
 * a route to the other end's subnets, for which it wants an address of its own inside each of its traffic selectors.
 */
const settings = (folder: string) => `
charon {
  load = openssl random nonce pem pkcs1 pkcs8 x509 pubkey hmac sha1 sha2 aes gcm kdf kernel-libipsec kernel-netlink socket-default vici updown
  plugins {
    vici { socket = unix://${folder}/charon.vici }
  }
  filelog {
    log {
      path = ${folder}/charon.log
      default = 1
      flush_line = yes
    }
  }
}
swanctl { load = openssl pem pkcs1 pkcs8 x509 random nonce }
`;

/** A network namespace as a Linux router that has loaded a folder of routers/, unchanged, and a key file. */
export class LinuxRouter {
  private constructor(
    readonly netns: Namespace,
    private readonly folder: string,
  ) {}

  /**
   * Loads the folder as its files say: sysctl, nftables, routes, swanctl.
   *
   * @param generated e.g. routers/example/cluster-to-datacentre
   * @param key the text of the key file, named as swanctl.conf includes it
   */
  static async load(netns: Namespace, generated: string, key: string): Promise<LinuxRouter> {
    const folder = join(netns.lab.folder, netns.name);
    mkdirSync(folder);
    cpSync(generated, folder, { recursive: true }); // byte by byte, because the key file has to lie beside
    const keyFile = join(folder, includedFile(join(folder, 'swanctl.conf')));
    writeFileSync(keyFile, key);
    chmodSync(keyFile, 0o600);
    const router = new LinuxRouter(netns, folder);
    netns.run('sysctl', '-q', '-p', join(folder, 'sysctl.conf'));
    netns.run('nft', '-f', join(folder, 'nftables.conf'));
    netns.ip('-batch', join(folder, 'routes.batch'));
    await router.startCharon();
    return router;
  }

  /** What charon logged. */
  get log(): string {
    return readdirSync(this.folder).includes('charon.log') ? readFileSync(join(this.folder, 'charon.log'), 'utf8') : '';
  }

  /** Loads the connections. The end that opens the tunnel is loaded last. */
  connect(): void {
    this.swanctl('--load-all', '--file', join(this.folder, 'swanctl.conf'));
  }

  /** The CHILD_SAs that are installed. */
  childSas(): ChildSa[] {
    return parseChildSas(this.swanctl('--list-sas', '--raw'));
  }

  /** Waits until there are as many. */
  async established(count: number, ms = 10_000): Promise<ChildSa[]> {
    return waitFor(`${count} CHILD_SAs`, ms, () => {
      const found = this.childSas();
      return found.length >= count && found;
    }).catch((error: Error) => {
      throw new Error(`${error.message}\n${this.log}`);
    });
  }

  /** Closes the tunnel. */
  disconnect(): void {
    for (const connection of this.names(/^ {2}(\S+) \{$/gm)) this.swanctl('--terminate', '--ike', connection);
  }

  /** Opens it again. */
  initiate(): void {
    for (const child of this.names(/^ {6}(\S+) \{$/gm)) this.swanctl('--initiate', '--child', child);
  }

  /** Of the sections of `connections` at that depth. */
  private names(section: RegExp): string[] {
    const [connections = ''] = readFileSync(join(this.folder, 'swanctl.conf'), 'utf8').split('\nsecrets {');
    return [...connections.matchAll(section)].map(([, name]) => name as string);
  }

  private swanctl(...args: string[]): string {
    const settings = `STRONGSWAN_CONF=${join(this.folder, 'strongswan.conf')}`;
    return this.netns.run('env', settings, 'swanctl', ...args, '--uri', `unix://${this.folder}/charon.vici`);
  }

  private async startCharon(): Promise<void> {
    writeFileSync(join(this.folder, 'strongswan.conf'), settings(this.folder));
    // A /run of its own, since charon's pid file has a fixed path.
    const script = `mount -t tmpfs tmpfs /run && exec ${CHARON}`;
    this.netns.lab.spawn(
      'nsenter',
      [`--net=${this.netns.path}`, 'unshare', '--mount', '--propagation', 'private', 'sh', '-c', script],
      { stdio: 'ignore', env: { ...process.env, STRONGSWAN_CONF: join(this.folder, 'strongswan.conf') } },
    );
    await waitFor('charon to listen', 10_000, () => readdirSync(this.folder).includes('charon.vici'));
  }
}

/** The file that swanctl.conf includes. @throws when it includes none or several */
function includedFile(swanctlConf: string): string {
  const [file, ...more] = [...readFileSync(swanctlConf, 'utf8').matchAll(/^\s*include\s+(\S+)$/gm)].map((m) => m[1]);
  if (file === undefined || more.length > 0) throw new Error(`${swanctlConf} includes not just one file`);
  return file;
}

/** Reads what `swanctl --list-sas --raw` prints: nested `name {key=value [list]}` on one line an IKE_SA. */
export function parseChildSas(raw: string): ChildSa[] {
  const children = raw.matchAll(
    /\bname=(\S+) uniqueid=\d+ reqid=\d+ state=INSTALLED .*?bytes-in=(\d+) .*?bytes-out=(\d+) .*?local-ts=\[([^\]]*)\] remote-ts=\[([^\]]*)\]/g,
  );
  return [...children].map(([, name, bytesIn, bytesOut, local, remote]) => ({
    name: name as string,
    local: local as string,
    remote: remote as string,
    bytesIn: Number(bytesIn),
    bytesOut: Number(bytesOut),
  }));
}
