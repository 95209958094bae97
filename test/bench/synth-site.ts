/** A program: synthesises the fixture site into CDK8S_OUTDIR, or, given arguments, a number of sites with a number of routes, from the n-th on. */
import { NodeRoutes, Site } from '../../lib';

const [sites, routes, first = 0] = process.argv.slice(2).map(Number);

if (sites === undefined || routes === undefined) require('../fixtures/example-main');
else for (let i = 0; i < sites; i++) large(`site-${i}`, routes).synth();

function large(name: string, count: number): Site {
  const site = new Site(name, {
    cluster: { nodes: ['10.0.1.0/27'], pods: ['172.30.0.0/16'], services: ['172.21.0.0/16'] },
  });
  const subnets = Array.from({ length: count }, (_, k) => {
    const i = k + first;
    return `192.168.${i >> 6}.${(i & 63) * 4}/30`;
  });
  site.onPremise('datacentre', { subnets });
  new NodeRoutes(site, 'node-routes');
  return site;
}
