import { existsSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { App } from 'cdk8s';

/** A site, identified by its folder. */
interface Output {
  readonly name: string;
  readonly outdir: string;
}

/**
 * Beside the output folder of the manifests: the objects that point a GitOps tool at them are applied by hand, once.
 */
function bootstrapFolder({ name, outdir }: Output): string {
  return join(dirname(dirname(outdir)), 'bootstrap', name);
}

/** The scope of a site's bootstrap charts. */
export function bootstrapApp(site: Output): App {
  return new App({ outdir: bootstrapFolder(site), recordConstructMetadata: false });
}

/**
 * Writes the charts, one file each. Files that an earlier synthesis wrote for this site are removed; other files stay.
 */
export function writeBootstrap(site: Output, app: App | undefined): void {
  const folder = bootstrapFolder(site);
  const earlier = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.k8s.yaml')) : [];
  for (const name of earlier) rmSync(join(folder, name));
  app?.synth();
}
