import type { ChildProcess } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { waitFor } from '../wait';
import { type Namespace, run } from './namespaces';
import { CHARON } from './vpn-requirements';

/** A CHILD_SA from the output of `swanctl --list-sas`. */
export interface ChildSa {
  readonly name: string;
  /** Both in strongSwan's format, e.g. '192.168.2.0/27'. */
  readonly local: string;
  readonly remote: string;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/**
 * strongSwan's settings: ESP in user space (kernel-libipsec with a TUN device), because not every kernel has ESP. It
 * installs a route to the other end's subnets, which requires a local address in each of its traffic selectors.
 */
const settings = (log: string) => `
charon {
  load = openssl random nonce pem pkcs1 pkcs8 x509 pubkey hmac sha1 sha2 aes gcm kdf kernel-libipsec kernel-netlink socket-default vici updown
  filelog {
    log {
      path = ${log}
      default = 1
      flush_line = yes
    }
  }
}
swanctl { load = openssl pem pkcs1 pkcs8 x509 random nonce }
`;

/** The line of a file that names its place on the router. */
export const PLACE = /^# On the router: (\S+)$/m;

/** Files of the machine's /etc that programs need. The lab's routers have no others. */
const KEPT = ['ld.so.cache', 'nsswitch.conf', 'passwd', 'group', 'protocols', 'services', 'iproute2', 'ssl'];

/**
 * A Linux router: a network namespace with its own /etc and /run. Each VPN is a folder of routers/, whose files are copied
 * unchanged to the places in their headers, and a key file. It boots as Debian would: sysctl, the units, then charon, which
 * loads /etc/swanctl.
 */
export class LinuxRouter {
  private host: ChildProcess | undefined;
  private charon: ChildProcess | undefined;

  private constructor(
    readonly netns: Namespace,
    private readonly folder: string,
  ) {}

  /**
   * Installs VPNs and boots without loading charon's connections, so that no tunnel opens yet.
   *
   * @param generated e.g. routers/example/cluster-to-datacentre
   * @param key the text of the key file, whose name is in swanctl.conf
   */
  static async load(netns: Namespace, generated: readonly string[], key: string): Promise<LinuxRouter> {
    const router = new LinuxRouter(netns, join(netns.lab.folder, netns.name));
    router.prepareEtc();
    for (const folder of generated) router.install(folder, key);
    await router.boot();
    return router;
  }

  /** charon's log. */
  get log(): string {
    return existsSync(this.logFile) ? readFileSync(this.logFile, 'utf8') : '';
  }

  /** Copies the files of a VPN to the places in their headers, and writes its key beside swanctl.conf. */
  install(generated: string, key: string): void {
    for (const name of readdirSync(generated)) {
      const place = PLACE.exec(readFileSync(join(generated, name), 'utf8'))?.[1];
      if (place === undefined) continue; // for another product, or documentation
      mkdirSync(dirname(join(this.folder, place)), { recursive: true });
      cpSync(join(generated, name), join(this.folder, place)); // unchanged
      if (name === 'swanctl.conf')
        this.writeKey(join(this.folder, dirname(place), includedFile(join(generated, name))), key);
    }
  }

  /** Removes the files of a VPN. Loaded configuration stays in effect. */
  uninstall(generated: string): void {
    for (const name of readdirSync(generated)) {
      const place = PLACE.exec(readFileSync(join(generated, name), 'utf8'))?.[1];
      if (place !== undefined) rmSync(join(this.folder, place), { force: true });
    }
  }

  /** Boots: nothing is loaded, then Debian's services start, up to charon without its connections. */
  async boot(): Promise<void> {
    const holder = `mount --bind ${this.folder}/etc /etc && mount -t tmpfs tmpfs /run && touch /run/ready && exec sleep infinity`;
    this.host = this.netns.lab.spawn(
      'nsenter',
      [`--net=${this.netns.path}`, 'unshare', '--mount', '--propagation', 'private', 'sh', '-c', holder],
      { stdio: 'ignore' },
    );
    const { pid } = this.host;
    await waitFor('the router to mount its own /run', 5000, () => existsSync(`/proc/${pid}/root/run/ready`));
    for (const file of this.files('etc/sysctl.d')) this.run('sysctl', '-q', '-p', `/${file}`);
    // Rules before routes, in the order of their units.
    for (const unit of this.files('etc/systemd/system').sort().reverse()) this.startUnit(unit);
    await this.startCharon();
  }

  /** Powers off: processes end, and the kernel loses what they loaded. Links and addresses stay with the namespace. */
  async crash(): Promise<void> {
    for (const child of [this.charon, this.host]) if (child?.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    await waitFor(
      'the router to power off',
      5000,
      () => this.host?.exitCode !== null || this.host?.signalCode !== null,
    );
    this.netns.run('nft', 'flush', 'ruleset');
    const routes = this.netns.ipJson<{ dst: string }[]>('route', 'show', 'proto', 'boot', 'table', 'all');
    for (const { dst } of routes) this.netns.ip('route', 'del', dst, 'proto', 'boot');
    this.netns.sysctl({ 'ipv4/ip_forward': 0, 'ipv6/conf/all/forwarding': 0 });
  }

  /** Stops charon with SIGSTOP: packets for its tunnels are lost, while the router still answers ARP and ping. */
  freeze(): void {
    process.kill(-(this.charon?.pid as number), 'SIGSTOP');
  }

  /** Lets charon continue. */
  thaw(): void {
    process.kill(-(this.charon?.pid as number), 'SIGCONT');
  }

  /** Writes a new key for a VPN, given the folder that it was installed from. */
  rotate(generated: string, key: string): void {
    const conf = join(generated, 'swanctl.conf');
    const place = PLACE.exec(readFileSync(conf, 'utf8'))?.[1] as string;
    this.writeKey(join(this.folder, dirname(place), includedFile(conf)), key);
  }

  /** Runs a script of `npm run plan -- REV --routers DIR`, given the texts by name. */
  change(files: ReadonlyMap<string, string>): string {
    const folder = join(this.folder, 'change');
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
    for (const [name, text] of files) writeFileSync(join(folder, name), text);
    return this.run('sh', join(folder, 'change.sh'));
  }

  /** Loads all connections, as Debian's charon unit does at its start. Load the initiating end last. */
  connect(): string {
    return this.swanctl('--load-all', '--noprompt');
  }

  /** Runs a command on the router, with its /etc. Its systemctl is a fake: systemd does not run here, and boot() starts the units. */
  run(command: string, ...args: string[]): string {
    const path = `PATH=${join(this.folder, 'bin')}:${process.env.PATH}`;
    return run('nsenter', ['--target', `${this.host?.pid}`, '--mount', '--net', 'env', path, command, ...args]);
  }

  /** The installed CHILD_SAs. */
  childSas(): ChildSa[] {
    return parseChildSas(this.swanctl('--list-sas', '--raw'));
  }

  /** Waits for this number of CHILD_SAs. */
  async established(count: number, ms = 10_000): Promise<ChildSa[]> {
    return waitFor(`${count} CHILD_SAs`, ms, () => {
      const found = this.childSas();
      return found.length >= count && found;
    }).catch((error: Error) => {
      throw new Error(`${error.message}\n${this.log}`);
    });
  }

  /** Closes the tunnels. */
  disconnect(): void {
    for (const connection of this.names(/^ {2}(\S+) \{$/gm)) this.swanctl('--terminate', '--ike', connection);
  }

  /** Opens the tunnels again. */
  initiate(): void {
    for (const child of this.names(/^ {6}(\S+) \{$/gm)) this.swanctl('--initiate', '--child', child);
  }

  private get logFile(): string {
    return join(this.folder, 'charon.log');
  }

  private prepareEtc(): void {
    const etc = join(this.folder, 'etc');
    mkdirSync(etc, { recursive: true });
    for (const name of KEPT)
      if (existsSync(join('/etc', name)))
        cpSync(join('/etc', name), join(etc, name), { recursive: true, dereference: true });
    mkdirSync(join(etc, 'swanctl', 'conf.d'), { recursive: true });
    cpSync('/etc/swanctl/swanctl.conf', join(etc, 'swanctl', 'swanctl.conf'));
    writeFileSync(join(etc, 'strongswan.conf'), settings(this.logFile));
    mkdirSync(join(this.folder, 'bin'));
    writeFileSync(join(this.folder, 'bin', 'systemctl'), '#!/bin/sh\nexit 0\n', { mode: 0o755 });
  }

  private writeKey(file: string, key: string): void {
    writeFileSync(file, key);
    chmodSync(file, 0o600);
  }

  private files(folder: string): string[] {
    const path = join(this.folder, folder);
    return existsSync(path) ? readdirSync(path).map((name) => join(folder, name)) : [];
  }

  /** Runs the commands of a unit, as `systemctl start` does. */
  private startUnit(unit: string): void {
    const commands = readFileSync(join(this.folder, unit), 'utf8').matchAll(/^ExecStart=(.*)$/gm);
    for (const [, line] of commands) this.run(...((line as string).split(' ') as [string]));
  }

  /** The names of sections in `connections` that match, in all files. */
  private names(section: RegExp): string[] {
    return this.files('etc/swanctl/conf.d')
      .filter((file) => file.endsWith('.conf'))
      .flatMap((file) => {
        const [connections = ''] = readFileSync(join(this.folder, file), 'utf8').split('\nsecrets {');
        return [...connections.matchAll(section)].map(([, name]) => name as string);
      });
  }

  private swanctl(...args: string[]): string {
    return this.run('swanctl', ...args);
  }

  private async startCharon(): Promise<void> {
    const target = ['--target', `${this.host?.pid}`, '--mount', '--net'];
    this.charon = this.netns.lab.spawn('nsenter', [...target, CHARON], { stdio: 'ignore' });
    await waitFor('charon to listen', 10_000, () => existsSync(`/proc/${this.host?.pid}/root/run/charon.vici`));
  }
}

/** The file that swanctl.conf includes. @throws if it does not include exactly one */
function includedFile(swanctlConf: string): string {
  const [file, ...more] = [...readFileSync(swanctlConf, 'utf8').matchAll(/^\s*include\s+(\S+)$/gm)].map((m) => m[1]);
  if (file === undefined || more.length > 0) throw new Error(`${swanctlConf} must include exactly one file`);
  return file;
}

/** Parses the output of `swanctl --list-sas --raw`: nested `name {key=value [list]}`, one IKE_SA per line. */
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
