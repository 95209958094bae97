/**
 * Preloaded by `npm run synth` and `npm run diagram`: from here on `require` understands TypeScript. The packages that
 * synthesis needs are loaded before, since tsx searches what is loaded after it for ES modules, which takes longer than
 * to run it.
 */
require('node:module').enableCompileCache?.(); // Node 22.8 or later
require('cdk8s-plus-28');
require('esbuild');
require('tsx/cjs');
