/** `npm run test:long`: tests that take minutes. They are named *.long.ts, so that `npm test` skips them. */
const base = require('../../jest.config.js');

module.exports = {
  ...base,
  rootDir: '../..',
  maxWorkers: 1,
  testMatch: ['<rootDir>/test/long/*.long.ts'],
};
