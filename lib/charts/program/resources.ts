import { k8s } from 'cdk8s-plus-28';
import { Findings, refuse } from '../../network';
import { isRecord, readNested, type Schema } from '../input/schema';

/** Quantities in Kubernetes notation, by resource, e.g. `{ cpu: '10m', memory: '64Mi' }`. */
export type Quantities = Readonly<Record<string, string>>;

export interface Resources {
  readonly requests: Quantities;
  readonly limits: Quantities;
}

/** The agent's measured usage plus headroom: 45 to 60 MB resident, a hundredth of a core. */
export const DEFAULT_RESOURCES: Resources = {
  requests: { cpu: '10m', memory: '64Mi', 'ephemeral-storage': '16Mi' },
  limits: { cpu: '1', memory: '256Mi', 'ephemeral-storage': '64Mi' },
};

const resourcesSchema = (defaults: Resources): Schema<Resources> => ({
  requests: { fallback: defaults.requests, read: readQuantities },
  limits: { fallback: defaults.limits, read: readQuantities },
});

const QUANTITY = /^(\d+(?:\.\d+)?)([numkMGTPE]|[KMGTPE]i)?$/;
const FACTORS: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** @param defaults for what is omitted */
export function readResources(value: unknown, defaults: Resources = DEFAULT_RESOURCES): Resources {
  const resources = readNested(resourcesSchema(defaults))(value);
  const findings = new Findings();
  for (const [name, request] of Object.entries(resources.requests)) {
    const limit = resources.limits[name];
    if (limit !== undefined && amountOf(request) > amountOf(limit))
      findings.add(
        `requests.${name}`,
        request,
        `is above the limit of ${limit}`,
        'raise the limit or lower the request',
      );
  }
  findings.throwIfAny();
  return resources;
}

/** The container's `resources` field, without empty parts. */
export function resourcesOf({ requests, limits }: Resources): { resources?: k8s.ResourceRequirements } {
  const some = Object.entries({ requests, limits }).filter(([, quantities]) => Object.keys(quantities).length > 0);
  if (some.length === 0) return {};
  return { resources: Object.fromEntries(some.map(([kind, quantities]) => [kind, toQuantities(quantities)])) };
}

function toQuantities(quantities: Quantities): Record<string, k8s.Quantity> {
  return Object.fromEntries(Object.entries(quantities).map(([name, text]) => [name, k8s.Quantity.fromString(text)]));
}

function readQuantities(value: unknown): Quantities {
  if (!isRecord(value))
    throw refuse(value, 'is not an object of quantities', 'write e.g. { cpu: "10m", memory: "64Mi" }');
  const findings = new Findings();
  for (const [name, text] of Object.entries(value)) {
    if (typeof text !== 'string' || !QUANTITY.test(text))
      findings.add(name, text, 'is not a quantity', 'write a string such as "100m" or "64Mi"');
  }
  findings.throwIfAny();
  return value as Quantities;
}

function amountOf(text: string): number {
  const [, number, unit = ''] = QUANTITY.exec(text) as RegExpExecArray;
  return Number(number) * (FACTORS[unit] ?? 1);
}
