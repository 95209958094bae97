import { FROM_SYNTH } from './agent';
import { environmentOf, filled, flag, listOf, number, readEnvironment, setting } from './table';

const TABLE = { name: setting('NAME', filled), ports: listOf('PORTS', number(1, 65535)), isOpen: flag('OPEN') };

test('reads back what was written, in the order of the table', () => {
  const values = { isOpen: false, ports: [80, 443], name: 'orders' };
  const variables = environmentOf(TABLE, values);
  expect(variables).toEqual([
    { name: 'NAME', value: 'orders' },
    { name: 'PORTS', value: '80,443' },
    { name: 'OPEN', value: 'false' },
  ]);
  const environment = Object.fromEntries(variables.map(({ name, value }) => [name, value]));
  expect(readEnvironment(TABLE, environment, 'the Deployment')).toEqual(values);
});

test('leaves an empty list out, and reads a missing one as empty', () => {
  expect(environmentOf(TABLE, { name: 'a', ports: [], isOpen: true }).map(({ name }) => name)).toEqual([
    'NAME',
    'OPEN',
  ]);
  expect(readEnvironment(TABLE, { NAME: 'a', OPEN: 'true' }, 'the Deployment').ports).toEqual([]);
});

test('reports everything missing or invalid at once', () => {
  const environment = { PORTS: '80,none' };
  expect(() => readEnvironment(TABLE, environment, 'the Deployment')).toThrow(
    [
      'NAME: null is not set; set it in the Deployment, as synth does',
      'PORTS: "none" is out of range; write a whole number from 1 to 65535',
      'OPEN: null is not set; set it in the Deployment, as synth does',
    ].join('\n'),
  );
});

test('keeps targets as written in main.ts, with IPv6 in brackets', () => {
  const environment = { CONFIRM: '10.184.0.10:443,[fd00::a]:8443' };
  const { confirm } = FROM_SYNTH;
  const values = readEnvironment({ confirm }, environment, 'the DaemonSet');
  expect(environmentOf({ confirm }, values)).toEqual([{ name: 'CONFIRM', value: environment.CONFIRM }]);
});
