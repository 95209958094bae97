import { providerRange } from './providers';
import { Subnet } from './subnet';

test.each<['ibm' | 'azure', string, string | undefined]>([
  ['ibm', '10.0.0.0/8', '10.0.0.0/8'],
  ['ibm', '10.0.0.0/7', '10.0.0.0/8'],
  ['ibm', '10.0.1.0/24', undefined],
  ['ibm', '172.16.3.0/24', '172.16.0.0/16'],
  ['ibm', '172.17.0.0/16', undefined],
  ['ibm', '172.16.0.0/12', '172.16.0.0/16'],
  ['ibm', '172.18.0.0/16', '172.18.0.0/16'],
  ['ibm', '172.19.255.0/24', '172.19.0.0/16'],
  ['ibm', '172.20.0.0/32', '172.20.0.0/16'],
  ['ibm', '172.21.0.0/16', undefined],
  ['ibm', '198.18.0.0/15', undefined],
  ['ibm', '192.168.1.0/24', undefined],
  ['azure', '168.63.0.0/16', '168.63.129.16/32'],
  ['azure', '10.0.0.0/8', undefined],
])('%s: a route to %s would take %s', (provider, subnet, range) => {
  expect(providerRange(provider, Subnet.parse(subnet))?.subnet).toBe(range);
});
