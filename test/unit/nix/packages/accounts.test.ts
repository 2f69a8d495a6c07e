import { describe, expect, it } from '@jest/globals';
import type { CacheTotals } from '../../../../controller/model/cache-status.js';
import { createTotals, NO_TOTALS, useOf, warmUse } from '../../../../controller/nix/packages/accounts.js';
import { environmentOf } from './fake-keeper.js';

const sizes = (...bytes: number[]) => new Map(bytes.map((size, index) => [`/nix/store/${size}-${index}`, size]));
const ENVIRONMENT = environmentOf('0123456789abcdef0123456789abcdef');

describe('how a realisation used the cache', () => {
  it.each([
    { what: 'everything was there', hit: [10, 20], fetched: [], built: [], temperature: 'warm' },
    { what: 'something was fetched', hit: [10], fetched: [5, 6], built: [], temperature: 'cold' },
    { what: 'something was built', hit: [], fetched: [], built: [7], temperature: 'cold' },
  ])('when $what', ({ hit, fetched, built, temperature }) => {
    const sum = (list: readonly number[]) => list.reduce((total, size) => total + size, 0);
    const found = { environment: ENVIRONMENT, hit: sizes(...hit), fetched: sizes(...fetched), built: sizes(...built) };
    expect(useOf(found, 1.5)).toEqual({
      paths: {
        asked: hit.length + fetched.length + built.length,
        hit: hit.length,
        fetched: fetched.length,
        built: built.length,
      },
      bytes: { asked: sum([...hit, ...fetched, ...built]), hit: sum(hit), fetched: sum(fetched), built: sum(built) },
      seconds: 1.5,
      temperature,
    });
  });

  it('when a workspace found it all: nothing but hits', () => {
    expect(warmUse(ENVIRONMENT, 0.5)).toEqual({
      paths: { asked: 2, hit: 2, fetched: 0, built: 0 },
      bytes: { asked: 300, hit: 300, fetched: 0, built: 0 },
      seconds: 0.5,
      temperature: 'warm',
    });
  });
});

describe('the totals of a cache', () => {
  const COLD = useOf({ environment: ENVIRONMENT, hit: sizes(1), fetched: sizes(20, 30), built: sizes(4) }, 1);

  it('add up, go on from the record, and are kept at each use', () => {
    let kept: CacheTotals | null = null;
    const record = { load: () => kept, save: (totals: CacheTotals) => void (kept = totals) };
    const first = createTotals(record);
    expect(first.current()).toEqual(NO_TOTALS);
    first.add(COLD);
    const second = createTotals(record);
    second.add(warmUse(ENVIRONMENT, 0));
    const sum = { paths: { hit: 3, fetched: 2, built: 1 }, bytesFetched: 50, bytesSaved: 301 };
    expect([second.current(), kept]).toEqual([sum, sum]);
  });
});
