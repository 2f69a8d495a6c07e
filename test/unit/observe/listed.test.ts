import { expect, it } from '@jest/globals';
import { createListed } from '../../../controller/observe/listed.js';

const one = (name: string, label = '') => ({ name, label });

it('what was made while a list was under way is newer than the list', () => {
  const listed = createListed<ReturnType<typeof one>>();
  const take = listed.begin();
  listed.note('made', one('made', 'ours'));
  take([one('a')]);
  expect([...listed.all.keys()].sort()).toEqual(['a', 'made']);
});

it('what was removed meanwhile does not come back', () => {
  const listed = createListed<ReturnType<typeof one>>();
  listed.begin()([one('a'), one('b')]);
  const take = listed.begin();
  listed.note('a', null);
  take([one('a'), one('b')]);
  expect([...listed.all.keys()]).toEqual(['b']);
});

it('the next list has the last word', () => {
  const listed = createListed<ReturnType<typeof one>>();
  listed.note('made', one('made', 'ours'));
  listed.begin()([one('made', 'listed')]);
  expect(listed.all.get('made')).toEqual(one('made', 'listed'));
  listed.begin()([]);
  expect(listed.all.size).toBe(0);
});

it('an older list that ends later says nothing', () => {
  const listed = createListed<ReturnType<typeof one>>();
  const [older, newer] = [listed.begin(), listed.begin()];
  newer([one('new')]);
  older([one('old')]);
  expect([...listed.all.keys()]).toEqual(['new']);
});
