import { DEFAULT_RESOURCES, readResources } from './resources';

test('replaces requests and limits each as a whole, so that a limit can be omitted', () => {
  expect(readResources({ limits: { memory: '256Mi' } })).toEqual({
    requests: DEFAULT_RESOURCES.requests,
    limits: { memory: '256Mi' },
  });
});

test.each([
  ['1', '1000m', true],
  ['1001m', '1', false],
  ['1Gi', '1024Mi', true],
  ['1G', '1Gi', true],
  ['1Gi', '1G', false],
  ['0.5', '500m', true],
])('a request of %s with a limit of %s', (request, limit, isAccepted) => {
  const read = () => readResources({ requests: { cpu: request }, limits: { cpu: limit } });
  if (isAccepted) expect(read).not.toThrow();
  else expect(read).toThrow(`requests.cpu: "${request}" is above the limit of ${limit}`);
});

test.each(['', '1 Gi', '10mi', '-1', 1])('%p is not a valid quantity', (quantity) => {
  expect(() => readResources({ requests: { cpu: quantity } })).toThrow('is not a quantity');
});
