import type { Family, PodsSeenAs, Subnet } from '../network';
import { calicoPool } from './calico-pool';

/** What a CNI must know about the cluster and the networks beyond it. */
export interface CniRanges {
  readonly site: string;
  readonly pods: readonly Subnet[];
  readonly nodes: readonly Subnet[];
  /** The on-premise networks, as the cluster sees them. */
  readonly far: readonly Subnet[];
}

/** The configuration of one CNI: its name with the versions that it applies to, the text, and notes. */
export interface CniText {
  readonly title: string;
  readonly lines: readonly string[];
  readonly note: string;
}

/** The exact text per CNI. The source of each key is in docs/pods.md. */
export function cniTexts(seenAs: PodsSeenAs, ranges: CniRanges): CniText[] {
  return seenAs === 'nodes' ? asNodes(ranges) : asThemselves(ranges);
}

const ofFamily = (subnets: readonly Subnet[], family: Family) => subnets.filter((one) => one.family === family);
const list = (subnets: readonly Subnet[], indent: string) => subnets.map((one) => `${indent}- ${one}`);

function asNodes(ranges: CniRanges): CniText[] {
  return [
    {
      title: 'Calico 3.x',
      lines: [
        'kubectl get ippools.projectcalico.org -o custom-columns=NAME:.metadata.name,CIDR:.spec.cidr,NAT:.spec.natOutgoing',
        `kubectl patch ippools.projectcalico.org default-ipv4-ippool --type=merge --patch '{"spec":{"natOutgoing":true}}'`,
      ],
      note: `NAT must be true for every pool of pods, and no pool may cover ${ranges.far.join(', ')}: Calico does not masquerade packets to any of its pools, even disabled ones.`,
    },
    {
      title: 'Cilium 1.14 and later (Helm values)',
      lines: [
        ...([4, 6] as const).flatMap((family) => {
          const [pods] = ofFamily(ranges.pods, family);
          return pods === undefined
            ? []
            : [`enableIPv${family}Masquerade: true`, `ipv${family}NativeRoutingCIDR: ${pods}`];
        }),
        'ipMasqAgent:',
        '  enabled: false',
      ],
      note: `The native routing CIDR must cover none of ${ranges.far.join(', ')}. If ipMasqAgent is enabled, its nonMasqueradeCIDRs must not cover them either; by default, that list contains all private ranges.`,
    },
    {
      title: 'ip-masq-agent (GKE, AKS, kops)',
      lines: masqAgent([...ranges.pods, ...ranges.nodes]),
      note: 'Without this ConfigMap, nonMasqueradeCIDRs contains all private ranges, so packets from pods to on-premise servers keep their addresses. AKS reads azure-ip-masq-agent-config instead, with the key ip-masq-agent.',
    },
    {
      title: 'AWS VPC CNI 1.6 and later',
      lines: [
        'kubectl -n kube-system set env daemonset aws-node AWS_VPC_K8S_CNI_EXTERNALSNAT=false AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS-',
      ],
      note: "The plugin translates only IPv4, to the primary address of the node's first interface, and never packets to a CIDR of the VPC.",
    },
    {
      title: 'OVN-Kubernetes',
      lines: [
        'kubectl annotate node NODE k8s.ovn.org/node-snat-exclude-subnets- k8s.ovn.org/node-ingress-snat-exclude-subnets-',
      ],
      note: 'OVN-Kubernetes masquerades by default; these annotations would exempt subnets.',
    },
  ];
}

function asThemselves(ranges: CniRanges): CniText[] {
  const { site, pods, nodes, far } = ranges;
  const far4 = ofFamily(far, 4);
  const subnets = JSON.stringify(far.map(String));
  return [
    {
      title: 'Calico 3.21 and later',
      lines: far.flatMap((subnet, i) => [...(i > 0 ? ['---'] : []), ...poolLines(site, subnet)]),
      note: 'cluster.calicoPool: true writes these pools to dist/. They need the Calico API server; without it, load them with calicoctl apply.',
    },
    {
      title: 'Cilium 1.14 and later (Helm values)',
      lines: [
        ...([4, 6] as const).flatMap((family) =>
          ofFamily(pods, family).length === 0 ? [] : [`enableIPv${family}Masquerade: true`],
        ),
        'bpf:',
        '  masquerade: true',
        'ipMasqAgent:',
        '  enabled: true',
        '  config:',
        '    masqLinkLocal: false',
        '    nonMasqueradeCIDRs:',
        ...list([...pods, ...nodes, ...far], '      '),
      ],
      note: 'This needs eBPF masquerading. Packets to other destinations are masqueraded as before.',
    },
    {
      title: 'ip-masq-agent (GKE, AKS, kops)',
      lines: masqAgent([...pods, ...nodes, ...far]),
      note: 'AKS reads azure-ip-masq-agent-config instead, with the key ip-masq-agent.',
    },
    ...(far4.length === 0
      ? []
      : [
          {
            title: 'AWS VPC CNI 1.6 and later',
            lines: [
              `kubectl -n kube-system set env daemonset aws-node AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS=${far4.join(',')}`,
            ],
            note: 'The plugin translates only IPv4.',
          },
        ]),
    {
      title: 'OVN-Kubernetes with pull request 6811, local gateway mode',
      lines: [`kubectl annotate node NODE k8s.ovn.org/node-snat-exclude-subnets='${subnets}'`],
      note: "In versions without it, k8s.ovn.org/node-ingress-snat-exclude-subnets exempts only packets that arrive through the management port; packets from pods leave with their node's address. In shared gateway mode, neither annotation affects packets from pods.",
    },
  ];
}

function masqAgent(kept: readonly Subnet[]): string[] {
  return [
    'apiVersion: v1',
    'kind: ConfigMap',
    'metadata:',
    '  name: ip-masq-agent',
    '  namespace: kube-system',
    'data:',
    '  config: |',
    '    masqLinkLocal: false',
    '    nonMasqueradeCIDRs:',
    ...list(kept, '      '),
  ];
}

function poolLines(site: string, subnet: Subnet): string[] {
  const { apiVersion, kind, metadata, spec } = calicoPool(site, subnet);
  const fields = Object.entries(spec).map(([key, value]) => `  ${key}: ${value}`);
  return [`apiVersion: ${apiVersion}`, `kind: ${kind}`, 'metadata:', `  name: ${metadata.name}`, 'spec:', ...fields];
}
