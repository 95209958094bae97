/**
 * `npm run test:cluster`: tests on a real Kubernetes. They are named *.cluster.ts, so that `npm test` skips them. Tests that
 * are slow, or measure time or traffic, are named *.full.ts and run by `npm run test:cluster:full`.
 */
const base = require('../../jest.config.js');

module.exports = {
  ...base,
  rootDir: '../..',
  // Each file starts its own control plane, which takes about 500 MB.
  maxWorkers: 1,
  testMatch: ['<rootDir>/test/cluster/*.cluster.ts'],
};
