import { describeLab } from './requirements';
import { Scene } from './scene';

jest.setTimeout(30_000);

describeLab('a scene that fails', () => {
  it('tells why, and what its agents wrote', () =>
    expect(
      Scene.play({}, async (scene) => {
        await scene.startReady();
        throw new Error('not as it should be');
      }),
    ).rejects.toThrow(/^not as it should be\n\n.*"event":"agent.started"/));
});
