import type { Tunnel } from './tunnel';

/** The head of every file: what it is for and that nobody edits it. `mark` begins a comment. */
export function banner({ site, network, local, remote }: Tunnel, mark: string): string {
  return `${mark} VPN of site ${site} to on-premise ${network}, the router of ${local.what} (towards ${remote.what}).
${mark} Made from the site by npm run synth; change the site, not this file.`;
}
