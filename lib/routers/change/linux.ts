/** A file of a Linux router: its name below routers/, its path on the router as its header states it, and its content. */
interface LinuxFile {
  readonly name: string;
  readonly place: string;
  readonly text: string;
}

export interface LinuxChange {
  readonly commands: readonly string[];
  /** Names of the files that the commands install. */
  readonly installs: readonly string[];
}

const PLACE = /^# On the router: (\S+)$/m;

/**
 * A script that changes a Linux router from one set of files to another. It touches only files, rules, routes and
 * connections of this VPN. Rules are replaced in one transaction; tunnels that stay are not interrupted.
 * @param neighbours files of other VPNs of the same router: routes that they share stay.
 */
export function linuxChange(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
  neighbours: readonly string[] = [],
): LinuxChange {
  const [old, now] = [filesIn(before), filesIn(after)];
  const text = (files: readonly LinuxFile[], name: string) => files.find((file) => file.name === name)?.text ?? '';
  const place = (name: string) => now.find((file) => file.name === name)?.place;
  const removed = old.filter((file) => !now.some(({ place }) => place === file.place));
  const changed = now.filter((file) => old.find(({ place }) => place === file.place)?.text !== file.text);
  if (removed.length + changed.length === 0) return { commands: [], installs: [] };
  const [tableBefore, tableNow] = [tableOf(text(old, 'nftables.conf')), tableOf(text(now, 'nftables.conf'))];
  const units = removed.filter(({ name }) => isUnit(name)).map((file) => unitOf(file));
  const commands = [
    ...units.map((unit) => `systemctl disable --now ${unit}`),
    ...changed.map(({ name, place }) => `install -D -m 644 ${name} ${place}`),
    ...removed.map(({ place }) => `rm -f ${place}`),
    ...(changed.some(({ name }) => name === 'sysctl.conf') ? [`sysctl -q -p ${place('sysctl.conf')}`] : []),
    ...(changed.some(({ name }) => isUnit(name)) || units.length > 0 ? ['systemctl daemon-reload'] : []),
    ...(tableNow === undefined ? [] : [`nft -f ${place('nftables.conf')}`]),
    ...(place('routes.batch') === undefined ? [] : [`ip -batch ${place('routes.batch')}`]),
    ...now.filter(({ name }) => isUnit(name)).map((file) => `systemctl enable ${unitOf(file)}`),
    'swanctl --load-all --noprompt',
    ...terminations(text(old, 'swanctl.conf'), text(now, 'swanctl.conf')),
    ...routesGone(text(old, 'routes.batch'), [text(now, 'routes.batch'), ...neighbours]),
    ...(tableBefore === undefined || tableBefore === tableNow ? [] : [`nft delete table ${tableBefore}`]),
  ];
  return { commands, installs: changed.map(({ name }) => name) };
}

function filesIn(files: ReadonlyMap<string, string>): LinuxFile[] {
  return [...files].flatMap(([name, text]) => {
    const place = PLACE.exec(text)?.[1];
    return place === undefined ? [] : [{ name, place, text }];
  });
}

const isUnit = (name: string) => name.endsWith('.service');

const unitOf = ({ place }: LinuxFile) => place.split('/').at(-1) as string;

const tableOf = (nftables: string) => /^delete table (inet \S+)$/m.exec(nftables)?.[1];

/** Connections and children that are no longer loaded keep their security associations until they are terminated. */
function terminations(before: string, now: string): string[] {
  const connections = gone(sections(before, 2), sections(now, 2));
  const children = gone(sections(before, 6), sections(now, 6));
  const ended = connections.length > 0 ? [] : children; // terminating a connection terminates its children
  return [
    ...connections.map((name) => `swanctl --terminate --ike ${name} || true   # none if it was down`),
    ...ended.map((name) => `swanctl --terminate --child ${name} || true   # none if it was down`),
  ];
}

/** Names of the sections of `connections` at this indentation. */
function sections(swanctlConf: string, indent: number): string[] {
  const [connections = ''] = swanctlConf.split('\nsecrets {');
  return [...connections.matchAll(new RegExp(`^ {${indent}}(\\S+) \\{$`, 'gm'))].map(([, name]) => name as string);
}

function routesGone(before: string, kept: readonly string[]): string[] {
  const routes = (text: string) => [...text.matchAll(/^route replace (.+)$/gm)].map(([, route]) => route as string);
  return gone(routes(before), kept.flatMap(routes)).map((route) => `ip route del ${route} || true   # gone already`);
}

const gone = (before: readonly string[], now: readonly string[]) => before.filter((one) => !now.includes(one));
