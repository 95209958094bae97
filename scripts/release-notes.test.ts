import { releaseOf, restartNote, type Sbom, sbomOf } from './release-notes';

const changelog = (...sections: readonly [string, string][]) =>
  `# Changelog\n\nWhat counts.\n\n${sections.map(([title, text]) => `## ${title}\n\n${text}\n\n`).join('')}`;

describe('the version', () => {
  test('is the topmost one in CHANGELOG.md, and the notes are its lines', () => {
    const text = changelog(['1.2.0', '- A new option.\n- Another.'], ['1.1.0', '- An older one.']);
    expect(releaseOf(text, '1.2.0', 'v1.2.0')).toEqual({ version: '1.2.0', changes: '- A new option.\n- Another.' });
    expect(releaseOf(changelog(['Unreleased', ''], ['1.2.0', '- A.']), '1.2.0').version).toBe('1.2.0');
  });

  test('everything that prevents a release is reported at once', () => {
    const text = changelog(['Unreleased', '- Not moved yet.'], ['1.2.0', '']);
    expect(() => releaseOf(text, '1.1.0', 'v1.3.0')).toThrow(
      [
        'CHANGELOG.md has lines under "Unreleased": move them below the version to release',
        'CHANGELOG.md says nothing about 1.2.0: write what changed',
        'package.json has the version 1.1.0, CHANGELOG.md 1.2.0: run npm version 1.2.0',
        'the tag is v1.3.0, but CHANGELOG.md releases 1.2.0: tag the commit v1.2.0',
      ].join('\n'),
    );
    expect(() => releaseOf(changelog(['Next', '- A.']), '1.2.0')).toThrow('its first section is "Next"');
  });
});

describe('the note about restarts', () => {
  const output = (image: string, list = '[]') =>
    new Map([
      [
        'dist/a/routes.k8s.yaml',
        `kind: DaemonSet\nmetadata: { name: a, namespace: b }\nspec: { template: { image: "${image}" } }\n---\nkind: ConfigMap\ndata: { routes: "${list}" }\n`,
      ],
      ['routers/a/vyos.set', 'set system'],
    ]);

  test('depends only on the pod templates of the DaemonSets', () => {
    expect(restartNote(output('a'), output('a', '[1]'))).toMatch(/^No node restarts/);
    expect(restartNote(output('a'), output('b'))).toMatch(/^Nodes restart/);
    expect(restartNote(undefined, output('a'))).toBe('The first release.');
  });
});

test('the bill of materials lists the dependencies of the package, without its build tools', () => {
  const component = (name: string) => ({ 'bom-ref': `${name}@1`, name });
  const all: Sbom = {
    metadata: { component: component('onprem-link') },
    components: ['yaml', 'cdk8s', 'follow', 'esbuild'].map(component),
    dependencies: [
      { ref: 'onprem-link@1', dependsOn: ['yaml@1', 'cdk8s@1', 'esbuild@1'] },
      { ref: 'cdk8s@1', dependsOn: ['follow@1'] },
      { ref: 'follow@1', dependsOn: ['cdk8s@1'] },
      { ref: 'esbuild@1' },
    ],
  };
  const { components, dependencies } = sbomOf(all, ['yaml', 'cdk8s']);
  expect(components.map(({ name }) => name)).toEqual(['yaml', 'cdk8s', 'follow']);
  expect(dependencies.map(({ ref }) => ref)).toEqual(['onprem-link@1', 'cdk8s@1', 'follow@1']);
  expect(dependencies[0]?.dependsOn).toEqual(['yaml@1', 'cdk8s@1']);
});
