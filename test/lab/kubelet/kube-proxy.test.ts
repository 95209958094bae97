import { parseManifests } from '../dist';
import { parseChildSas } from '../topology/linux-router';
import { kubeProxyRules } from './kube-proxy';

const OBJECTS = parseManifests(`
kind: Service
metadata: { name: orders }
spec: { ports: [{ name: http, port: 80, protocol: TCP }] }
---
kind: EndpointSlice
metadata: { name: orders-ipv4, labels: { kubernetes.io/service-name: orders } }
addressType: IPv4
endpoints:
  - { addresses: [192.168.1.10, 192.168.1.99], conditions: { ready: true } }
  - { addresses: [192.168.1.11] }
  - { addresses: [192.168.1.12], conditions: { ready: false } }
ports: [{ name: http, port: 8080, protocol: TCP }, { name: other, port: 9, protocol: TCP }]
---
kind: EndpointSlice
metadata: { name: orders-ipv6, labels: { kubernetes.io/service-name: orders } }
addressType: IPv6
endpoints: [{ addresses: ["fd99::1"] }]
ports: [{ name: http, port: 8080, protocol: TCP }]
---
kind: EndpointSlice
metadata: { name: no-label }
addressType: IPv4
endpoints: [{ addresses: [192.168.1.13] }]
ports: [{ name: http, port: 8080, protocol: TCP }]
`);

const rulesFor = (clusterIp: string) =>
  kubeProxyRules({ objects: OBJECTS, service: 'orders', clusterIp, pods: ['172.30.0.0/16', 'fd20::/56'] });

test('endpoints are chosen as kube-proxy does: slices by label and family, ready endpoints, first address, port by name', () => {
  expect(rulesFor('172.21.0.9')).toContain(
    'ip daddr 172.21.0.9 tcp dport 80 dnat ip to numgen random mod 2 map { 0 : 192.168.1.10 . 8080, 1 : 192.168.1.11 . 8080 }',
  );
  expect(rulesFor('fd30::9')).toContain('dnat ip6 to numgen random mod 1 map { 0 : fd99::1 . 8080 }');
});

test('packets from pods to other networks get the address of the node', () => {
  expect(rulesFor('172.21.0.9')).toContain('ip saddr { 172.30.0.0/16 } ip daddr != { 172.30.0.0/16 } masquerade');
});

test('packets from the node to a Service get the address of their outgoing interface', () => {
  const rules = rulesFor('172.21.0.9');
  expect(rules).toContain(
    'ip saddr != { 172.30.0.0/16 } ip daddr 172.21.0.9 tcp dport 80 meta mark set meta mark or 0x4000',
  );
  expect(rules).toContain('meta mark and 0x4000 == 0x4000 meta mark set meta mark xor 0x4000 masquerade');
});

test('a Service without endpoints for its port is an error', () => {
  const objects = OBJECTS.filter(({ kind }) => kind === 'Service');
  const options = { objects, service: 'orders', clusterIp: '172.21.0.9', pods: [] };
  expect(() => kubeProxyRules(options)).toThrow('no endpoint for port http of orders');
});

test('only installed child SAs are read from the output of swanctl', () => {
  const child = (name: string, state: string) =>
    `${name}-1 {name=${name} uniqueid=1 reqid=1 state=${state} mode=TUNNEL protocol=ESP bytes-in=10 packets-in=1 bytes-out=20 packets-out=1 rekey-time=1 local-ts=[192.168.2.0/27] remote-ts=[192.168.1.0/24]}`;
  const raw = `list-sa event {dc {uniqueid=1 child-sas {${child('dc-1', 'INSTALLED')} ${child('dc-2', 'REKEYED')}}}}\nlist-sas reply {}\n`;
  expect(parseChildSas(raw)).toEqual([
    { name: 'dc-1', local: '192.168.2.0/27', remote: '192.168.1.0/24', bytesIn: 10, bytesOut: 20 },
  ]);
});
