import { routeOf } from './decide/answer';
import { routeText } from './decide/route-hops';
import { ruleText } from './decide/rules';
import type { Kernel } from './kernel/kernel';
import { FR_ACT_TO_TBL } from './netlink/constants';
import type { Verified } from './pods-look';

/**
 * How the node would answer a packet from on premise that comes in by a link, for people: what the reverse path filter
 * looks at. Undefined where the link has no IPv4 address, or no route is in force.
 */
export function wayBack(
  kernel: Pick<Kernel, 'lookup'>,
  verified: Verified | undefined,
  link: number,
): string | undefined {
  const question = verified?.verification.questions.find(({ address }) => address.family === 4);
  const own = verified?.snapshot.addresses.find((each) => each.link === link && each.address.family === 4)?.address;
  if (verified === undefined || question === undefined || own === undefined) return undefined;
  const { snapshot } = verified;
  const [answer] = kernel.lookup([{ address: question.address, source: own }]);
  const route = routeOf(answer);
  if (route === undefined) return `there is no way back to ${question.address}`;
  const rule = snapshot.rules.find(
    ({ family, action, table, source }) =>
      family === 4 && action === FR_ACT_TO_TBL && table === route.table && (source?.contains(own) ?? true),
  );
  const by = rule === undefined ? '' : ` by rule ${ruleText(rule)}`;
  return `an answer to ${question.address} leaves by ${routeText(route, snapshot)}${by}`;
}
