import { Address } from './address';
import { formatServerList, parseServerList } from './server-list';

const read = (text: string) => parseServerList(text).map(String);
const told = (text: string) => {
  try {
    return read(text);
  } catch (error) {
    return (error as Error).message;
  }
};

test('writes one server per line, without duplicates, sorted, and reads them back', () => {
  const servers = ['fd99::10', '192.168.1.11', '192.168.1.9', 'fd99::10'].map((text) => Address.parse(text));
  const text = formatServerList(servers);
  expect(text).toBe('[\n  "192.168.1.9",\n  "192.168.1.11",\n  "fd99::10"\n]\n');
  expect(read(text)).toEqual(['192.168.1.9', '192.168.1.11', 'fd99::10']);
  expect(read('[]')).toEqual([]);
});

test('reports all errors together, each with its position', () => {
  expect(told('["192.168.1.9", "192.168.1.0/24", 7]')).toMatch(/servers\[1\].*192\.168\.1\.0\/24[\s\S]*servers\[2\]/);
  expect(told('{}')).toMatch(/servers.*is not a JSON array/);
  expect(told('[')).toMatch(/servers.*is not JSON/);
});
