import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cutBundle } from './cut';

const BUNDLE = `// lib/agent/netlink/codec.ts
var os = require("node:os");
/** Used by the file below only. */
function inner() {
  return os.EOL.length;
}
var count = 0;
function next() {
  return count += inner();
}

// lib/agent/agent.ts
var os2 = require("node:os");
var Agent = class {
  /** Says next. */
  run() {
    return [next(), os2.EOL, new Reader().first()];
  }
};

// lib/agent/kernel/kernel.ts
var Reader = class {
  first() {
    return next();
  }
};

// lib/agent/main.ts
module.exports = new Agent().run();
`;

test('requires from the lower file what the upper one uses, and puts each module into one of them', () => {
  const paths = new Set(['lib/agent/netlink/codec.ts', 'lib/agent/kernel/kernel.ts']);
  const { upper, lower } = cutBundle(BUNDLE, paths, 'lower.cjs');
  expect(upper.slice(0, upper.indexOf('var os2'))).toBe(`const {
  // lib/agent/netlink/codec.ts
  next,
  // lib/agent/kernel/kernel.ts
  Reader,
} = require("./lower.cjs");

// lib/agent/agent.ts
`);
  expect(lower).toMatch(/^\/\/ lib\/agent\/netlink\/codec\.ts\n[\s\S]*\n\/\/ lib\/agent\/kernel\/kernel\.ts\n/);
  expect(lower.slice(lower.indexOf('module.exports'))).toBe(`module.exports = {
  // lib/agent/netlink/codec.ts
  next,
  // lib/agent/kernel/kernel.ts
  Reader,
};
`);
  const folder = mkdtempSync(join(tmpdir(), 'cut-'));
  try {
    writeFileSync(join(folder, 'upper.cjs'), upper);
    writeFileSync(join(folder, 'lower.cjs'), lower);
    expect(require(join(folder, 'upper.cjs'))).toEqual([1, '\n', 2]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('wraps long lists of names', () => {
  const names = Array.from({ length: 40 }, (_, i) => `name${i}`);
  const bundle = `// lib/a.ts\n${names.map((name) => `var ${name} = 1;\n`).join('')}\n// lib/b.ts\nf(${names});\n`;
  const lines = cutBundle(bundle, new Set(['lib/a.ts']), 'a.cjs').lower.split('\n');
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThan(120);
  expect(lines.join(' ').match(/name\d+,/g)).toEqual(names.map((name) => `${name},`));
});

test('rejects a bundle with code of esbuild itself, which both files would need', () => {
  expect(() => cutBundle(`var __helper = 1;\n${BUNDLE}`, new Set(), 'lower.cjs')).toThrow('code of esbuild');
});
