import { Places } from './places';

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('callers without a place wait in turn for a released one', async () => {
  const places = new Places(2);
  const entered: string[] = [];
  for (const name of ['a', 'b', 'c', 'd']) void places.enter().then(() => entered.push(name));
  await turn();
  expect(entered).toEqual(['a', 'b']);
  places.leave();
  await turn();
  expect(entered).toEqual(['a', 'b', 'c']);
  places.leave();
  places.leave();
  await turn();
  expect(entered).toEqual(['a', 'b', 'c', 'd']);
});

test('allows a further connection while fewer than half of the places are taken', async () => {
  const places = new Places(4);
  await places.enter();
  expect([places.enterAgain(), places.enterAgain()]).toEqual([true, false]);
  places.leave();
  expect(places.enterAgain()).toBe(true);
});
