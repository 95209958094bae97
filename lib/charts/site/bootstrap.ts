import { existsSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { App } from 'cdk8s';

/** What is told apart by its folder: a site. */
interface Output {
  readonly name: string;
  readonly outdir: string;
}

/** Beside the output folder of the manifests: what tells a GitOps tool of them is applied by hand, once. */
function bootstrapFolder({ name, outdir }: Output): string {
  return join(dirname(dirname(outdir)), 'bootstrap', name);
}

/** The scope of a site's bootstrap charts. */
export function bootstrapApp(site: Output): App {
  return new App({ outdir: bootstrapFolder(site), recordConstructMetadata: false });
}

/** Writes them, a file each. What an earlier synthesis wrote for this site is removed, other files in there are not. */
export function writeBootstrap(site: Output, app: App | undefined): void {
  const folder = bootstrapFolder(site);
  const earlier = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.k8s.yaml')) : [];
  for (const name of earlier) rmSync(join(folder, name));
  app?.synth();
}
