import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DEFAULT_DIGEST } from '../../lib/charts/program/image';
import { node26, node26Version } from '../lab/requirements';
import { run } from '../lab/topology/namespaces';

/** The image of the container that holds a pod's namespaces. */
export const PAUSE_IMAGE = 'registry.k8s.io/pause:3.10.1';
const NODE_IMAGE = `docker.io/library/node:${node26Version()}-trixie-slim`;
/** The name by which containerd looks up a reference with tag and digest. It does not check the content's digest. */
const PINNED_IMAGE = `docker.io/library/node@${DEFAULT_DIGEST}`;
/** Programs of this machine that the image contains besides Node. */
const TOOLS = ['sh', 'sleep', 'cat', 'ls', 'env', 'id'];
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const ARCHITECTURE = process.arch === 'x64' ? 'amd64' : process.arch;

/** Paths of the libraries that a program loads, e.g. "/lib/x86_64-linux-gnu/libc.so.6". */
function librariesOf(program: string): string[] {
  return [...run('ldd', [program]).matchAll(/(\/\S+) \(0x/g)].map(([, path]) => path as string);
}

/** Fills a root file system with Node and a few programs of this machine, each with its libraries. */
function layOut(root: string): void {
  for (const folder of [
    'usr/local/bin',
    'usr/bin',
    'usr/lib',
    'usr/lib64',
    'etc',
    'tmp',
    'root',
    'proc',
    'sys',
    'dev',
    'run',
  ])
    mkdirSync(join(root, folder), { recursive: true });
  for (const folder of ['bin', 'lib', 'lib64']) symlinkSync(`usr/${folder}`, join(root, folder));
  symlinkSync('/run', join(mkdirIn(root, 'var'), 'run'));
  const programs = new Map(TOOLS.map((name) => [join('/usr/bin', name), realpathSync(join('/usr/bin', name))]));
  programs.set('/usr/local/bin/node', node26());
  for (const [path, source] of programs) {
    cpSync(source, join(root, path));
    for (const library of librariesOf(source)) {
      const target = join(root, library.startsWith('/usr/') ? library : `/usr${library}`);
      mkdirSync(dirname(target), { recursive: true });
      if (!existsSync(target)) cpSync(realpathSync(library), target);
    }
  }
  chmodSync(join(root, 'tmp'), 0o1777);
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\n');
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\nnode:x:1000:\n');
}

function mkdirIn(root: string, name: string): string {
  mkdirSync(join(root, name), { recursive: true });
  return join(root, name);
}

interface Blob {
  readonly digest: string;
  readonly size: number;
}

/**
 * Writes an archive for `ctr images import` with both images that a node needs: Node, and a pause image with the same
 * files.
 * @returns the path of the archive
 */
export function imageArchive(parent: string): string {
  const folder = mkdtempSync(join(parent, 'image-'));
  const [root, layout] = [mkdirIn(folder, 'root'), mkdirIn(folder, 'layout')];
  const blobs = mkdirIn(layout, 'blobs/sha256');
  layOut(root);
  const put = (content: Buffer): Blob => {
    const hash = createHash('sha256').update(content).digest('hex');
    writeFileSync(join(blobs, hash), content);
    return { digest: `sha256:${hash}`, size: content.length };
  };
  const json = (value: unknown) => put(Buffer.from(JSON.stringify(value)));
  const tar = join(folder, 'layer.tar');
  run('tar', ['--numeric-owner', '--owner=0', '--group=0', '-C', root, '-cf', tar, '.']);
  const layer = put(readFileSync(tar));
  const image = (name: string, command: readonly string[]) => {
    const config = json({
      architecture: ARCHITECTURE,
      os: 'linux',
      config: { Env: [`PATH=${PATH}`, `NODE_VERSION=${node26Version()}`], Cmd: command },
      rootfs: { type: 'layers', diff_ids: [layer.digest] },
    });
    const manifest = json({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...config },
      layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', ...layer }],
    });
    return {
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      ...manifest,
      platform: { architecture: ARCHITECTURE, os: 'linux' },
      annotations: { 'io.containerd.image.name': name },
    };
  };
  const manifests = [
    image(NODE_IMAGE, ['node']),
    image(PINNED_IMAGE, ['node']),
    image(PAUSE_IMAGE, ['sleep', 'infinity']),
  ];
  writeFileSync(join(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
  writeFileSync(join(layout, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  const archive = join(folder, `${basename(folder)}.tar`);
  run('tar', ['-C', layout, '-cf', archive, '.']);
  return archive;
}
