import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { REPOSITORY } from '../repository';
import { fileOfModule } from './modules';

const ADDRESS = /^(\w+):=https:\/\/raw\.githubusercontent\.com\/([\w-]+\/[\w-]+)\/v((\d+)[\d.]+)\/(.+)$/;

/**
 * The CRDs that cdk8s.yaml lists, by name. They come from the Go modules of the same releases, which contain the files
 * that these addresses point to.
 */
export function readCrds(): ReadonlyMap<string, string> {
  const { imports } = parse(readFileSync(join(REPOSITORY, 'cdk8s.yaml'), 'utf8')) as { imports: readonly string[] };
  return new Map(
    imports.map((one) => {
      const [, name = '', repository, version, major, path = ''] = ADDRESS.exec(one) ?? [];
      const suffix = Number(major) > 1 ? `/v${major}` : '';
      return [name, fileOfModule(`github.com/${repository}${suffix}@v${version}`, path)];
    }),
  );
}
