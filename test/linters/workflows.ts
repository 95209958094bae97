import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { REPOSITORY } from '../repository';
import { output, type Report } from './report';
import type { Find } from './tools';

/** Workflows, which are shipped with the manifests. */
export function workflows(find: Find): Report[] {
  const folder = join(REPOSITORY, '.github', 'workflows');
  const files = readdirSync(folder).map((name) => join(folder, name));
  const problems = output(find('actionlint'), ['-no-color', '-oneline', ...files])
    .split('\n')
    .filter(Boolean);
  const schema = ['--builtin-schema', 'vendor.github-workflows', '--output-format', 'json', ...files];
  const checked = JSON.parse(output(find('check-jsonschema'), schema)) as {
    errors: { filename: string; message: string }[];
  };
  return [
    {
      tool: 'actionlint',
      passed: `${files.length} workflows`,
      silenced: [],
      findings: problems.map((says) => ({ id: 'workflow', where: '.github/workflows', says })),
    },
    {
      tool: 'check-jsonschema',
      passed: `${files.length} workflows`,
      silenced: [],
      findings: checked.errors.map(({ filename, message }) => ({ id: 'schema', where: filename, says: message })),
    },
  ];
}
