/** Plain jest: TypeScript is stripped by swc; types are checked by `npm run types`. */
module.exports = {
  // The lab's tests wait more than they compute.
  maxWorkers: 6,
  testSequencer: './test/sequencer.js',
  testEnvironment: 'node',
  globalSetup: './test/global-setup.ts',
  setupFiles: ['./test/output-folder.js'],
  transform: { '^.+\\.[jt]s$': ['@swc/jest', { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' } }] },
  // The models of the official client are the only ES modules that a test needs.
  transformIgnorePatterns: ['/node_modules/(?!@kubernetes/client-node/dist/gen/)'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/', '/build/'],
  modulePathIgnorePatterns: ['<rootDir>/test/node26/', '<rootDir>/build/'],
};
