import { mergeAnnotations } from './metadata';

const SYNC = 'argocd.argoproj.io/sync-options';

test('sync options of several sources become one list, each option once', () => {
  expect(
    mergeAnnotations({ [SYNC]: 'ServerSideApply=true' }, { [SYNC]: 'Validate=false,ServerSideApply=true', a: 'b' }),
  ).toEqual({
    [SYNC]: 'ServerSideApply=true,Validate=false',
    a: 'b',
  });
});

test('without sync options there is no such annotation', () => {
  expect(mergeAnnotations({ a: 'b' }, { a: 'c' })).toEqual({ a: 'c' });
});
