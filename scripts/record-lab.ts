/** `npm run lab:record`: runs `npm run lab` and writes its output to docs/lab.md. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { offerHelp } from './terminal';

const ROOT = join(__dirname, '..');
const PAGE = join('docs', 'lab.md');

offerHelp(`npm run lab:record: runs npm run lab and writes its output to docs/lab.md

It needs root on Linux, as the lab does. If a step fails, the page stays as it is and the exit code is 1.
`);
const { status, stdout } = spawnSync(
  process.execPath,
  ['--require', require.resolve('tsx/cjs'), join('test', 'lab', 'demo.ts')],
  { cwd: ROOT, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' }, stdio: ['ignore', 'pipe', 'inherit'] },
);
if (status !== 0) {
  process.stdout.write(stdout);
  process.exitCode = 1;
} else {
  const page = [
    '# A recording of the lab',
    '',
    'The output of `npm run lab`: the pod of `dist/example` on a worker node, built from network namespaces, with real packets.',
    '`npm run lab:record` writes this page. To run the lab yourself, you need root on Linux and iproute2.',
    '',
    '```text',
    stdout.trim(),
    '```',
    '',
  ];
  writeFileSync(join(ROOT, PAGE), page.join('\n'));
  console.log(PAGE);
}
