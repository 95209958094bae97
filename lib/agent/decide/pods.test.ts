import { hop, route as kernelRoute, LINKS, SEEDS, snapshot, subnet } from '../../../test/agent/ip';
import { DEFAULT_RULES, readRoute } from '../../network';
import type { Answer, Rule } from '../kernel/types';
import { podQuestions, podSources, podsWayOf, worstOf } from './pods';

const RANGES = [subnet('172.30.0.0/16')];
const LOCAL: Rule = { family: 4, priority: 0, action: 1, table: 255 };
const MAIN: Rule = { family: 4, priority: 32766, action: 1, table: 254 };
const from = (source: string, table = 2, priority = 1536): Rule => ({
  family: 4,
  priority,
  action: 1,
  table,
  source: subnet(source),
});

function node(routes: readonly string[], rules: readonly Rule[] = [], addresses: readonly string[] = []) {
  const state = snapshot({ addresses: [...SEEDS.addresses, ...addresses], routes: [...SEEDS.routes, ...routes] });
  return { ...state, rules: [LOCAL, ...rules, MAIN] };
}

function sources(...given: Parameters<typeof node>) {
  const found = podSources(node(...given), RANGES, 4);
  if (typeof found === 'string') return found;
  return found.map(({ address, link, rules }) =>
    `${address} dev ${link} ${rules.map(({ priority }) => priority)}`.trim(),
  );
}

const PODS = LINKS.pods;
const host = (i: number) => `172.30.5.${i}/32 dev pods`;

describe("takes sample pods from the node's own table", () => {
  test('one for all pods that the same rules match', () => {
    expect(sources([host(9), host(10)])).toEqual([`172.30.5.9 dev ${PODS}`]);
    expect(sources([host(9), host(10), host(11)], [from('172.30.5.10/32')])).toEqual([
      `172.30.5.9 dev ${PODS}`,
      `172.30.5.10 dev ${PODS} 1536`,
    ]);
    const byInterface: Rule = { family: 4, priority: 7, action: 1, table: 2, input: 'pods' };
    expect(sources([host(9), host(10)], [byInterface, from('172.30.5.10/32')])).toEqual([
      `172.30.5.9 dev ${PODS} 7`,
      `172.30.5.10 dev ${PODS} 7,1536`,
    ]);
    expect(sources([host(9)], [{ ...from('172.30.5.9/32'), isInverted: true }])).toEqual([`172.30.5.9 dev ${PODS}`]);
  });

  test('and at most eight', () => {
    const many = Array.from({ length: 20 }, (_, i) => i + 1);
    expect(
      sources(
        many.map(host),
        many.map((i) => from(`172.30.5.${i}/32`, i, i)),
      ),
    ).toHaveLength(8);
  });

  test("from a connected subnet, an address that is not the node's own", () => {
    const addresses = ['172.30.5.1/24 dev pods'];
    expect(sources(['172.30.5.0/24 dev pods proto kernel'], [], addresses)).toEqual([`172.30.5.2 dev ${PODS}`]);
  });

  test.each<[string, string[], string]>([
    ['there are none', [], 'this node has no route to a pod yet'],
    ['they are behind another node', ['172.30.6.0/24 via 10.184.0.3 dev priv'], 'this node has no route to a pod yet'],
    ['they are in another table', ['172.30.5.9/32 dev pods table 7'], 'this node has no route to a pod yet'],
  ])('and returns the reason if %s', (_, routes, reason) => expect(sources(routes)).toBe(reason));

  test('and returns none without a range of the family', () =>
    expect(podSources(node([host(9)]), RANGES, 6)).toBe('no IPv6 range of pods is configured'));
});

describe("the kernel's answer", () => {
  const item = (text: string) => ({
    route: readRoute(text, DEFAULT_RULES),
    way: { hops: [hop('via 10.184.0.1 dev priv')] },
  });
  const ASKED = ['192.168.0.0/24', '192.168.1.0/24'].map((text) => ({
    item: item(text),
    question: { address: subnet(text).address },
  }));
  const OURS = kernelRoute('192.168.0.0/24 via 10.184.0.1 dev priv proto ours');
  const PUBLIC = kernelRoute('0.0.0.0/0 via 198.51.100.1 dev pub table 2');

  function judged(answer: Answer, rules: readonly Rule[] = [from('172.30.5.9/32')], isForwarding?: boolean) {
    const state = node([host(9)], rules);
    const [source] = podSources(state, RANGES, 4) as Exclude<ReturnType<typeof podSources>, string>;
    if (source === undefined) throw new Error('no source');
    const asked = podQuestions(source, ASKED);
    const answers = asked.map((_, i) => (i === asked.length - 1 ? answer : OURS));
    const way = podsWayOf(
      source,
      asked,
      answers,
      (_, given) => given === OURS,
      () => isForwarding,
      state,
    );
    return { asked: asked.length, way };
  }

  test('is requested for every route if a rule matches the pod, and otherwise for one route', () => {
    expect(judged(OURS)).toEqual({ asked: 2, way: { state: 'effective' } });
    expect(judged(OURS, [])).toEqual({ asked: 1, way: { state: 'effective' } });
  });

  test('shows by which rule and table they are shadowed, with the remedy', () => {
    expect(judged(PUBLIC).way).toEqual({
      state: 'shadowed',
      reason: 'by rule 1536 → table 2; set copyToTables: [2] to copy the routes there',
      by: { rule: 1536, table: 2 },
    });
    expect(judged('ENETUNREACH').way).toMatchObject({ state: 'shadowed', reason: 'by rule 1536 → table 2' });
  });

  const marked: Rule = { family: 4, priority: 9, action: 1, table: 2004, mark: { value: 512, mask: 3840 } };
  test.each<[string, Answer, Rule[], boolean | undefined, string]>([
    [
      'an error that a filter causes',
      'EINVAL',
      [from('172.30.5.9/32')],
      true,
      'the kernel refuses a packet from 172.30.5.9 on pods (EINVAL)',
    ],
    ['forwarding that is off', PUBLIC, [from('172.30.5.9/32')], false, 'forwarding is off on pods'],
    [
      'a rule by mark',
      PUBLIC,
      [marked, from('172.30.5.9/32')],
      true,
      'rule 9 selects packets by more than their addresses',
    ],
    [
      'a rule by port',
      OURS,
      [{ ...MAIN, priority: 8, table: 5, isSpecial: true }],
      true,
      'rule 8 selects packets by more than their addresses',
    ],
  ])('means nothing with %s', (_, answer, rules, isForwarding, reason) =>
    expect(judged(answer, rules, isForwarding).way).toEqual({ state: 'unknown', reason }),
  );

  test('does not depend on a rule by mark that leads to main anyway', () =>
    expect(judged(OURS, [{ ...marked, table: 254 }]).way).toEqual({ state: 'effective' }));
});

test('of several pods, a shadowed one counts first, then an unknown one', () => {
  const [good, bad, open] = [{ state: 'effective' }, { state: 'shadowed' }, { state: 'unknown' }] as const;
  expect(worstOf([good, open, bad])).toBe(bad);
  expect(worstOf([good, open])).toBe(open);
  expect(worstOf([good])).toBe(good);
  expect(worstOf([]).state).toBe('unknown');
});
