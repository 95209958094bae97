import { refuse } from './finding';
import { parseHostAddress } from './reserved';
import { readInteger } from './route';

/** A TCP destination. */
export interface Target {
  /** A host name or an address. */
  readonly host: string;
  /** 1 to 65535. */
  readonly port: number;
}

/**
 * Reads `10.184.0.1:443` or `[fd00::1]:443`: an address, because a name might resolve differently after a route change.
 * @throws InputError for everything else.
 */
export function parseTarget(value: unknown): Target {
  const [, bracketed, plain, port] = /^(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})$/.exec(String(value)) ?? [];
  if (typeof value !== 'string' || port === undefined)
    throw refuse(value, 'is not an address with a port', 'write e.g. "10.184.0.1:443" or "[fd00::1]:443"');
  return { host: `${parseHostAddress(bracketed ?? plain)}`, port: readInteger(Number(port), 1, 65535, 'port') };
}

/** The target in the notation that parseTarget reads. */
export function targetText({ host, port }: Target): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
