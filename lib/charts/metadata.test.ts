import { mergeAnnotations } from './metadata';

const SYNC = 'argocd.argoproj.io/sync-options';

test('sync options of several sources become one list, each option once', () => {
  expect(mergeAnnotations({ [SYNC]: 'PruneLast=true' }, { [SYNC]: 'Validate=false,PruneLast=true', a: 'b' })).toEqual({
    [SYNC]: 'PruneLast=true,Validate=false',
    a: 'b',
  });
});

test('without sync options there is no such annotation', () => {
  expect(mergeAnnotations({ a: 'b' }, { a: 'c' })).toEqual({ a: 'c' });
});
