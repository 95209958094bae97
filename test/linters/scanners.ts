/** Tools that look for risks in manifests and the Dockerfile. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { REPOSITORY } from '../repository';
import { output, type Report, unique } from './report';
import type { Find } from './tools';

interface CheckovRun {
  readonly check_type: string;
  readonly summary: { readonly passed: number };
  readonly results: Readonly<
    Record<'failed_checks' | 'skipped_checks', readonly { check_id: string; resource: string; check_name: string }[]>
  >;
}

export function checkov(find: Find, dist: string): Report {
  const args = ['--skip-download', '--config-file', '.checkov.yaml', '--output', 'json'];
  const runs = [
    ['--directory', dist, '--framework', 'kubernetes'],
    ['--file', 'Dockerfile', '--framework', 'dockerfile'],
  ].map((what) => JSON.parse(output(find('checkov'), [...args, ...what])) as CheckovRun);
  const all = (kind: 'failed_checks' | 'skipped_checks') => runs.flatMap(({ results }) => results[kind]);
  const { 'skip-check': everywhere } = parse(readFileSync(join(REPOSITORY, '.checkov.yaml'), 'utf8'));
  return {
    tool: 'checkov',
    passed: `${runs.reduce((sum, { summary }) => sum + summary.passed, 0)} checks`,
    silenced: unique([...all('skipped_checks').map(({ check_id }) => check_id), ...everywhere]),
    findings: all('failed_checks').map((one) => ({ id: one.check_id, where: one.resource, says: one.check_name })),
  };
}

interface ScoreObject {
  readonly object_name: string;
  readonly checks: readonly {
    check: { id: string; name: string };
    grade: number;
    skipped: boolean;
    comments: readonly { summary: string }[] | null;
  }[];
}

const GRADE_ALL_OK = 10;

export function kubeScore(find: Find, dist: string): Report {
  const files = readdirSync(dist).map((name) => join(dist, name));
  const objects = JSON.parse(
    output(find('kube-score'), ['score', '--output-format', 'json', ...files]),
  ) as ScoreObject[];
  const checks = objects.flatMap(({ object_name, checks: all }) => all.map((one) => ({ ...one, object_name })));
  const isIgnored = ({ comments }: (typeof checks)[number]) =>
    comments?.some(({ summary }) => /because .* is ignored/.test(summary)) ?? false;
  return {
    tool: 'kube-score',
    passed: `${checks.filter(({ grade, skipped }) => grade === GRADE_ALL_OK && !skipped).length} checks`,
    silenced: unique(
      readFileSync(join(REPOSITORY, 'lib', 'charts', 'linters.ts'), 'utf8')
        .split('\n')
        .flatMap((line) => /'kube-score\/ignore':\s*'([^']+)'/.exec(line)?.[1]?.split(',') ?? []),
    ),
    findings: checks
      .filter((one) => !one.skipped && one.grade < GRADE_ALL_OK && !isIgnored(one))
      .map(({ check, object_name, comments }) => ({
        id: check.id,
        where: object_name,
        says: comments?.[0]?.summary ?? check.name,
      })),
  };
}

interface TrivyFinding {
  readonly id: string;
  readonly severity: string;
  readonly title: string;
  readonly file: string;
}

export function trivy(find: Find, dist: string): Report {
  const { misconfigurations } = parse(readFileSync(join(REPOSITORY, '.trivyignore.yaml'), 'utf8')) as {
    misconfigurations: { id: string }[];
  };
  const ignored = new Set(misconfigurations.map(({ id }) => id));
  const found = output(find('trivy-kubernetes'), [dist])
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as TrivyFinding);
  const silenced = unique(found.map(({ id }) => id).filter((id) => ignored.has(id)));
  const idle = [...ignored].filter((id) => !silenced.includes(id));
  return {
    tool: 'trivy-kubernetes',
    passed: 'all other checks',
    silenced,
    findings: [
      ...found.filter(({ id }) => !ignored.has(id)).map(({ id, file, title }) => ({ id, where: file, says: title })),
      ...idle.map((id) => ({ id, where: '.trivyignore.yaml', says: 'is silenced but never found: remove it' })),
    ],
  };
}
