import { describeLab } from './requirements';
import { Testbed } from './testbed';

jest.setTimeout(30_000);

describeLab('a testbed that fails', () => {
  it('reports the error and the output of its agents', () =>
    expect(
      Testbed.run({}, async (testbed) => {
        await testbed.startReady();
        throw new Error('not as it should be');
      }),
    ).rejects.toThrow(/^not as it should be\n\n.*"event":"agent.started"/));
});
