import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describeLab } from './requirements';

jest.setTimeout(180_000);

describeLab('npm run lab', () => {
  it('completes every step', async () => {
    const child = spawn(process.execPath, ['--require', require.resolve('tsx/cjs'), join(__dirname, 'demo.ts')], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let text = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
    const [code] = await once(child, 'close');
    expect({ code, text }).toEqual({ code: 0, text: expect.stringContaining(' steps in ') });
    expect(text).not.toContain('✘');
  });
});
