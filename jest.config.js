/** swc only strips the types; `npm run types` checks them. */
module.exports = {
  // Tests in the lab mostly wait, so there are more workers than cores.
  maxWorkers: 6,
  testSequencer: './test/sequencer.js',
  testEnvironment: 'node',
  globalSetup: './test/global-setup.ts',
  setupFiles: ['./test/output-folder.js'],
  transform: { '^.+\\.[jt]s$': ['@swc/jest', { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' } }] },
  // The official client's models are the only ES modules that tests import.
  transformIgnorePatterns: ['/node_modules/(?!@kubernetes/client-node/dist/gen/)'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/', '/build/'],
  modulePathIgnorePatterns: ['<rootDir>/test/node26/', '<rootDir>/build/'],
};
