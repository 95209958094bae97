import { startFlood } from '../lab/flood';
import { repeat, rest, type Subject, subnets, withAgent } from './subject';
import { spread, type Table } from './table';

const SIZES = [1000, 10_000] as const;

async function table(
  texts: Omit<Table, 'rows' | 'head'>,
  measure: (size: number) => Promise<readonly number[]>,
): Promise<Table> {
  const rows: string[][] = [];
  for (const size of SIZES) rows.push([`${size}`, ...spread(await measure(size))]);
  return { ...texts, head: ['routes', 'p50', 'p99', 'rounds'], rows };
}

/** Deletes routes one after the other. @returns the milliseconds until each was restored */
function repairs({ testbed, listener }: Subject, size: number, rounds: number): Promise<number[]> {
  const all = subnets(size);
  return repeat(rounds, async (round) => {
    listener.clear();
    testbed.ip(`route del ${all[(round * 7919) % size]}`);
    const gone = await listener.until('del 142', 1);
    return (await listener.until('add 142', 1)) - gone;
  });
}

export function deleted(): Promise<Table> {
  const texts = {
    title: 'Repair of a deleted route',
    text: "`ip route del` of one route: from the kernel's message about the deletion to its message about the restored route.",
  };
  return table(texts, async (size) => {
    let times: number[] = [];
    await withAgent(size, async (subject) => {
      times = await repairs(subject, size, 60);
    });
    return times;
  });
}

const FLOODED = { size: 1000, each: 250 } as const;

/** Repairs of deleted routes under a flood of connections, with the kubelet's probes in between. */
export async function flood(): Promise<Table> {
  const rows: string[][] = [];
  await withAgent(FLOODED.size, async (subject) => {
    const { testbed, pod } = subject;
    const rivals = await startFlood(testbed, FLOODED.each);
    let [asked, lost] = [0, 0];
    let isOver = false;
    const probing = (async () => {
      while (!isOver) {
        for (const kind of ['liveness', 'readiness'] as const) {
          asked++;
          if (!(await pod.probe(kind)).ok) lost++;
        }
        await rest(200);
      }
    })();
    const times = await repairs(subject, FLOODED.size, 60);
    isOver = true;
    await probing;
    rivals.kill();
    rows.push([`${FLOODED.size}`, ...spread(times), `${asked}`, `${lost}`]);
  });
  return {
    title: 'Repair under a flood of connections',
    text:
      'The same, while a program on the node holds 500 connections of each of four kinds (silent, one page requested but never read, ' +
      '50 pages requested but never read, half a request) to the agent, and eight clients request `/diff` as fast as it answers. ' +
      'All share the cores of this machine. A probe counts as lost if it has no answer within its 3 s.',
    head: ['routes', 'p50', 'p99', 'rounds', 'probes', 'lost'],
    rows,
  };
}

export function bounced(): Promise<Table> {
  const texts = {
    title: 'After a link bounce',
    text: "The private link goes down for a second, which removes every route on it, and comes up again with the private network's route: from the message that the link is up to the message about the last route.",
  };
  return table(texts, async (size) => {
    let times: number[] = [];
    await withAgent(size, async ({ testbed, listener }) => {
      times = await repeat(20, async () => {
        testbed.ip('link set priv down');
        await rest(1000);
        listener.clear();
        testbed.node.netns.batch(['link set priv up', 'route add 10.0.0.0/8 via 10.184.0.1']);
        const up = await listener.until('link', 1);
        return (await listener.until('add 142', size)) - up;
      });
    });
    return times;
  });
}

export function moved(): Promise<Table> {
  const texts = {
    title: 'The next hop changes',
    text: "The private network's route gets another next hop: from the kernel's message about it to the message about the changed nexthop object, which moves all routes at once. The agent writes only this message.",
  };
  return table(texts, async (size) => {
    let times: number[] = [];
    await withAgent(size, async ({ testbed, listener }) => {
      times = await repeat(60, async (round) => {
        listener.clear();
        testbed.ip(`route replace 10.0.0.0/8 via ${round % 2 === 0 ? '10.184.0.3' : '10.184.0.1'} proto static`);
        const changed = await listener.until('add 4', 1);
        const followed = await listener.until('nexthop', 1);
        if (listener.count('nexthop') !== 1) throw new Error('the agent wrote more than one nexthop object');
        return followed - changed;
      });
    });
    return times;
  });
}
