// Prints one line of JSON about its container: environment, rights and mounts. Once the file AWAITED exists, prints another
// one about its folders. Then it waits to be stopped.
const fs = require('node:fs');
const { join } = require('node:path');

const FOLDERS = JSON.parse(process.env.FOLDERS);
const RIGHTS = ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb', 'NoNewPrivs'];

function rights() {
  const lines = fs.readFileSync('/proc/self/status', 'utf8').split('\n');
  return lines.map((line) => line.split(/:\s+/)).filter(([name]) => RIGHTS.includes(name));
}

function mounts() {
  const wanted = ['/', '/proc', '/sys', '/dev/shm', ...FOLDERS.map((path) => fs.realpathSync(path))];
  const lines = fs.readFileSync('/proc/self/mountinfo', 'utf8').trim().split('\n');
  const all = lines.map((line) => {
    const [front, back] = line.split(' - ');
    const [target, own] = front.split(' ').slice(4);
    const [type, , options] = back.split(' ');
    const access = own.split(',').find((option) => /^(ro|rw)$/.test(option));
    // The size matters only where the container can write.
    const size = type === 'tmpfs' && access === 'rw' && /size=\w+/.exec(options);
    return [target, access, size ? size[0] : ''];
  });
  return wanted.map((path) => all.findLast(([target]) => target === path) ?? path);
}

function tree(path) {
  return fs.readdirSync(path, { withFileTypes: true, recursive: true }).map((entry) => {
    const file = join(entry.parentPath, entry.name);
    const { mode, uid, gid, size } = fs.lstatSync(file);
    const kind = entry.isSymbolicLink()
      ? `-> ${fs.readlinkSync(file)}`
      : `${(mode & 0o7777).toString(8)} ${uid}:${gid}`;
    return `${file} ${kind}${entry.isFile() && entry.name !== 'token' ? ` ${size} bytes` : ''}`;
  });
}

function attempt(what) {
  try {
    return what() ?? 'done';
  } catch (error) {
    return error.code;
  }
}

const paths = ['/', '/etc', '/tmp', '/run', '/dev', '/dev/shm', '/sys', ...FOLDERS];
process.stdout.write(
  `${JSON.stringify({
    env: { ...process.env },
    cwd: process.cwd(),
    pid: process.pid,
    hostname: require('node:os').hostname(),
    user: [process.getuid(), process.getgid(), process.getgroups()],
    umask: process.umask(),
    rights: rights(),
    mounts: mounts(),
    trees: FOLDERS.flatMap(tree).sort(),
    folders: FOLDERS.map((path) => {
      const { mode, uid, gid } = fs.statSync(path);
      return [path, (mode & 0o7777).toString(8), uid, gid];
    }),
    writable: paths.map((path) => [path, attempt(() => fs.writeFileSync(join(path, 'trial'), ''))]),
    parameter: attempt(() => fs.closeSync(fs.openSync('/proc/sys/net/ipv4/ip_forward', 'r+'))),
    resolvers: fs.readFileSync('/etc/resolv.conf', 'utf8'),
  })}\n`,
);
process.on('SIGTERM', () => process.exit(0));
const timer = setInterval(() => {
  if (!fs.existsSync(process.env.AWAITED ?? '')) return;
  clearInterval(timer);
  process.stdout.write(`${JSON.stringify({ awaited: FOLDERS.flatMap(tree).sort() })}\n`);
  setInterval(() => undefined, 1e6);
}, 100);
