/** `npm run test:long`: what takes minutes. Named *.long.ts, so that `npm test` does not find it. */
const base = require('../../jest.config.js');

module.exports = {
  ...base,
  rootDir: '../..',
  maxWorkers: 1,
  testMatch: ['<rootDir>/test/long/*.long.ts'],
};
