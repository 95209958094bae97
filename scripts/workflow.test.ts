import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { REPOSITORY } from '../test/repository';

interface Step {
  readonly name?: string;
  readonly uses?: string;
  readonly run?: string;
}

function workflow(name: string) {
  const path = join(REPOSITORY, '.github', 'workflows', `${name}.yaml`);
  const { jobs, permissions, on } = parse(readFileSync(path, 'utf8'));
  return { permissions, on, steps: jobs[name].steps as Step[] };
}

// scripts/edits.test.ts tests what these commands do in a project.
test.each([
  ['verify', ['install', 'plan', 'prove', 'check']],
  ['test', ['install', 'test']],
])('%s runs %j with read permission only, and pins every action to a version', (name, names) => {
  const { permissions, steps } = workflow(name);
  expect(steps.flatMap((step) => (step.run === undefined ? [] : [step.name]))).toEqual(names);
  expect(permissions).toEqual({ contents: 'read' });
  for (const { uses } of steps) if (uses !== undefined) expect(uses).toMatch(/^actions\/[\w-]+@v\d+$/);
});

test("edits to a user's files do not start the tests of the template", () => {
  const { on } = workflow('test');
  expect(on.push['paths-ignore']).toEqual(on.pull_request['paths-ignore']);
  expect(on.push['paths-ignore']).toEqual(['main.ts', 'sites/**', 'dist/**', 'routers/**', 'bootstrap/**']);
});

test('npm test writes no snapshot', () => {
  const { scripts } = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8'));
  expect(scripts.test).toMatch(/jest --ci$/);
});
