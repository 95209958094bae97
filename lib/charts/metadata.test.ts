import { mergeAnnotations } from './metadata';

const SYNC = 'argocd.argoproj.io/sync-options';

test('merges sync options of several sources into one list without duplicates', () => {
  expect(
    mergeAnnotations({ [SYNC]: 'ServerSideApply=true' }, { [SYNC]: 'Validate=false,ServerSideApply=true', a: 'b' }),
  ).toEqual({
    [SYNC]: 'ServerSideApply=true,Validate=false',
    a: 'b',
  });
});

test('adds no annotation without sync options', () => {
  expect(mergeAnnotations({ a: 'b' }, { a: 'c' })).toEqual({ a: 'c' });
});
