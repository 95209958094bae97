import { Findings, refuse } from '../../network';
import { isRecord } from './schema';

const DNS_LABEL = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/;
const DNS_SUBDOMAIN = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;
const LABEL_PART = /^[A-Za-z0-9](?:[-_.A-Za-z0-9]*[A-Za-z0-9])?$/;
/** Text that Flux's post-build substitution would replace. */
const SUBSTITUTION = /\$\{[A-Za-z_]/;

/** A reader for the names of most objects and of folders (RFC 1123 label). */
export function dnsLabel(what: string, most = 63): (value: unknown) => string {
  return (value) => {
    if (typeof value === 'string' && value.length <= most && DNS_LABEL.test(value)) return value;
    throw refuse(
      value,
      `is not a valid name for ${what}`,
      `write 1 to ${most} of a-z, 0-9 and "-", beginning and ending with a letter or digit`,
    );
  };
}

/** A reader for the names of Services, which must also begin with a letter (RFC 1035 label). */
export function readServiceName(value: unknown): string {
  const name = dnsLabel('a Service')(value);
  if (/^[a-z]/.test(name)) return name;
  throw refuse(
    value,
    'is not a valid name for a Service, which must begin with a letter (RFC 1035)',
    `write e.g. "s-${name}"`,
  );
}

/** A reader for the names of ConfigMaps, Secrets and priority classes (RFC 1123 subdomain). */
export function dnsSubdomain(what: string): (value: unknown) => string {
  return (value) => {
    if (typeof value === 'string' && value.length <= 253 && DNS_SUBDOMAIN.test(value)) return value;
    throw refuse(value, `is not a valid name for ${what}`, 'write at most 253 of a-z, 0-9, "-" and "."');
  };
}

/** `name` or `prefix/name`: keys of labels and annotations, application protocols. */
export function readQualifiedName(value: unknown): string {
  const [name, prefix, ...more] = typeof value === 'string' ? value.split('/').reverse() : [];
  const prefixFits = prefix === undefined || (prefix.length <= 253 && DNS_SUBDOMAIN.test(prefix));
  if (name !== undefined && name.length <= 63 && LABEL_PART.test(name) && prefixFits && more.length === 0)
    return value as string;
  throw refuse(value, 'is not a qualified name', 'write e.g. "team" or "example.com/team"');
}

export function readLabels(value: unknown): Readonly<Record<string, string>> {
  return readPairs(value, (key, text) => {
    if (key.startsWith('app.kubernetes.io/'))
      throw refuse(text, `would replace the label ${key}, which selects the pods`, 'use your own label key');
    if (text !== '' && (text.length > 63 || !LABEL_PART.test(text)))
      throw refuse(text, 'is not a label value', 'write at most 63 letters, digits, "-", "_" and "."');
  });
}

export function readNodeSelector(value: unknown): Readonly<Record<string, string>> {
  return readPairs(value, (key, text) => {
    if (key === 'kubernetes.io/os') throw refuse(text, 'is already set to linux', 'leave it out');
    if (text !== '' && (text.length > 63 || !LABEL_PART.test(text)))
      throw refuse(text, 'is not a label value', 'write the value that the nodes have');
  });
}

export function readAnnotations(value: unknown): Readonly<Record<string, string>> {
  return readPairs(value, (_, text) => {
    if (SUBSTITUTION.test(text))
      throw refuse(text, "would be rewritten by Flux's substitution", 'leave out the dollar sign');
  });
}

function readPairs(value: unknown, check: (key: string, text: string) => void): Readonly<Record<string, string>> {
  if (!isRecord(value)) throw refuse(value, 'is not an object of strings', 'write e.g. { team: "network" }');
  const findings = new Findings();
  for (const [key, text] of Object.entries(value)) {
    findings.attempt(`[${JSON.stringify(key)}]`, () => {
      readQualifiedName(key);
      if (typeof text !== 'string') throw refuse(text, 'is not a string', 'put it into quotes');
      check(key, text);
    });
  }
  findings.throwIfAny();
  return value as Readonly<Record<string, string>>;
}
