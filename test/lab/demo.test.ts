import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPOSITORY } from '../repository';
import { describeLab } from './requirements';

jest.setTimeout(180_000);

/** The titles and the names of the steps, without the time that a step took and what it measured. */
function outline(text: string): string[] {
  return text.split('\n').flatMap((line) => {
    const [, step] = /^ {2}[✔✘] +\d+ ms {2}(.+)$/u.exec(line) ?? [];
    if (step !== undefined) return [`- ${step}`];
    return /^[A-Z]/.test(line) ? [line.replace(/ in [\d.]+ s\.$/, '')] : [];
  });
}

describeLab('npm run lab', () => {
  it('completes every step, and docs/lab.md shows the same ones', async () => {
    const child = spawn(process.execPath, ['--require', require.resolve('tsx/cjs'), join(__dirname, 'demo.ts')], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NO_COLOR: '1' },
    });
    let text = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
    const [code] = await once(child, 'close');
    expect({ code, text }).toEqual({ code: 0, text: expect.stringContaining(' steps in ') });
    expect(text).not.toContain('✘');
    const [, recorded = ''] = readFileSync(join(REPOSITORY, 'docs', 'lab.md'), 'utf8').split('```text\n');
    expect(outline(text).length).toBeGreaterThan(15);
    expect(outline(recorded)).toEqual(outline(text)); // if not: npm run lab:record
  });
});
