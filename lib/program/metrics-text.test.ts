import { metricsPage, openMetrics } from './metrics-text';

const PAGE = metricsPage([
  ['ready', 'Whether.', true],
  ['lists_total', 'Lists seen.', [[{ result: 'accepted' }, 2]]],
]);

test("every page identifies the program's version and its Node version", () => {
  expect(PAGE).toContain(`onprem_link_build_info{version="source",node="${process.version}"} 1\n`);
});

test("in OpenMetrics, a counter's family has no _total, its samples do, and the page ends with # EOF", () => {
  expect(openMetrics(PAGE).split('\n').slice(3)).toEqual([
    '# HELP onprem_link_ready Whether.',
    '# TYPE onprem_link_ready gauge',
    'onprem_link_ready 1',
    '# HELP onprem_link_lists Lists seen.',
    '# TYPE onprem_link_lists counter',
    'onprem_link_lists_total{result="accepted"} 2',
    '# EOF',
    '',
  ]);
});
