/**
 * Preloaded by `npm run synth`, so that `require` understands TypeScript. The packages that synthesis needs are loaded
 * first, because tsx searches every package loaded after it for ES modules, which takes longer than running it.
 */
require('node:module').enableCompileCache?.(); // Node 22.8 or later
require('cdk8s-plus-28');
require('esbuild');
require('tsx/cjs');
