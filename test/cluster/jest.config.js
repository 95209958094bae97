/**
 * `npm run test:cluster`: on a real Kubernetes. Named *.cluster.ts, so that `npm test` does not find it. What takes long, or
 * counts seconds and bytes, is named *.full.ts, for `npm run test:cluster:full`.
 */
const base = require('../../jest.config.js');

module.exports = {
  ...base,
  rootDir: '../..',
  // Each file has control planes of its own, of some 500 MB each.
  maxWorkers: 1,
  testMatch: ['<rootDir>/test/cluster/*.cluster.ts'],
};
