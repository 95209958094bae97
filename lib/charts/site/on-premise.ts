import {
  type Address,
  bitsOf,
  Mapping,
  parseHostAddress,
  parseTarget,
  refuse,
  type SubnetSpec,
  type Target,
} from '../../network';
import { listOf, placeIn, readOptions, type Schema, someOf } from '../input/schema';
import { readVpn, type VpnProps, type VpnSettings } from '../vpn/options';
import type { OnPremiseSubnet, Scope } from './scope';

export interface OnPremiseProps {
  /** The subnets behind the VPN; with `mapped` if the routers present them to the cluster under other addresses. */
  readonly subnets: readonly SubnetSpec[];
  /**
   * The two routers of the VPN. If set, their configuration is written to routers/<site>/.
   * @default none: the routers are configured by other means
   */
  readonly vpn?: VpnProps;
  /**
   * Targets that every node probes through each of its next hops, at most 8: real server addresses with a TCP port,
   * `10.0.1.10:443`. A refused connection counts as an answer. Routes with several next hops avoid a next hop through
   * which no target answers if another one works (docs/several-next-hops.md).
   * @default none: nodes monitor only their next hops, not the tunnel behind them
   */
  readonly probes?: readonly string[];
}

interface OnPremiseSettings {
  readonly subnets: readonly unknown[];
  readonly vpn: VpnSettings | undefined;
  readonly probes: readonly unknown[];
}

const MOST_TARGETS = 8;

/** Read one by one, so that one invalid subnet does not hide findings about the others. */
const ON_PREMISE_SCHEMA: Schema<OnPremiseSettings> = {
  subnets: {
    fallback: [],
    required: true,
    read: someOf((spec) => spec, 'list the subnets behind the VPN, e.g. ["192.168.0.0/24"]'),
  },
  vpn: { fallback: undefined, read: readVpn },
  probes: { fallback: [], read: readProbes },
};

function readProbes(value: unknown): readonly unknown[] {
  const probes = listOf((target) => target)(value);
  const twice = probes.find((target, i) => probes.indexOf(target) !== i);
  if (twice !== undefined) throw refuse(twice, 'is listed twice', 'remove one');
  if (probes.length <= MOST_TARGETS) return probes;
  throw refuse(probes.length, 'targets are too many for each node to probe', `keep ${MOST_TARGETS} or fewer`);
}

/** A server in an on-premise network, made by OnPremise.servers. */
export class Server {
  constructor(
    readonly network: OnPremise,
    /** Its real address, as written. */
    readonly real: Address,
    /** The address under which the cluster reaches it. */
    readonly mapped: Address,
  ) {}
}

/** A network behind the VPN, made by Site.onPremise. */
export class OnPremise {
  readonly subnets: readonly OnPremiseSubnet[];
  /** The targets that nodes probe, as the cluster sees them. @internal */
  readonly probes: readonly Target[];
  /** Its VPN with defaults filled in. @internal */
  readonly vpn: VpnSettings | undefined;
  /** The location that findings about it report. @internal */
  readonly place: string;
  /** All subnets are valid, so an address in none of them is really outside. */
  private readonly isComplete: boolean;

  constructor(
    readonly site: Scope,
    readonly name: string,
    props: OnPremiseProps,
  ) {
    this.place = placeIn(site.place, `on-premise ${name}`);
    const { subnets, vpn, probes } = readOptions(site.findings, this.place, props, ON_PREMISE_SCHEMA);
    this.subnets = subnets.flatMap((spec, i) => {
      const place = placeIn(this.place, `subnets[${i}]`);
      const mapping = site.findings.attempt(place, () => Mapping.parse(spec));
      return mapping === undefined ? [] : { place, mapping };
    });
    this.vpn = vpn;
    this.isComplete = this.subnets.length > 0 && this.subnets.length === subnets.length;
    this.probes = probes.flatMap((text, i) => {
      const place = placeIn(this.place, `probes[${i}]`);
      return site.findings.attempt(place, () => this.probe(text)) ?? [];
    });
  }

  /** Servers by their real addresses; the cluster gets the mapped ones. */
  servers(...realAddresses: readonly string[]): Server[] {
    return realAddresses.flatMap((text, i) => {
      const place = placeIn(this.place, `servers[${i}]`);
      return this.site.findings.attempt(place, () => this.server(text)) ?? [];
    });
  }

  private probe(text: unknown): Target[] {
    const { host, port } = parseTarget(text);
    return this.server(host).map(({ mapped }) => ({ host: `${mapped}`, port }));
  }

  private server(text: string): Server[] {
    const real = parseHostAddress(text);
    const mapping = this.mappings.find((one) => one.real.contains(real));
    if (mapping === undefined) {
      if (this.isComplete) throw this.outside(text, real);
      return [];
    }
    const { real: subnet } = mapping;
    const hasEnds = subnet.family === 4 && subnet.prefixLength <= bitsOf(4) - 2;
    if (hasEnds && (subnet.address.equals(real) || subnet.last.equals(real)))
      throw refuse(text, `is the network or broadcast address of ${subnet}`, 'write the address of the server itself');
    return [new Server(this, real, mapping.toMapped(real))];
  }

  private outside(text: string, address: Address) {
    const seenAs = this.mappings.find(({ mapped }) => mapped.contains(address));
    if (seenAs !== undefined) {
      const own = seenAs.toReal(address);
      return refuse(text, `is a mapped address (${seenAs})`, `write the server's own address, ${own}`);
    }
    const known = this.mappings.map(({ real }) => `${real}`).join(', ');
    const remedy = 'add its subnet to the network, or take the server from its own network';
    return refuse(text, `lies in no subnet of on-premise ${this.name} (${known})`, remedy);
  }

  private get mappings(): Mapping[] {
    return this.subnets.map(({ mapping }) => mapping);
  }
}
