import { describe, expect, it } from '@jest/globals';
import type { ObservedContainer } from '../../../controller/model/engine-objects.js';
import { LABEL } from '../../../controller/model/names.js';
import { cachesWithKeeper, keeperOf } from '../../../controller/nix/listed-keepers.js';
import { cache, keeper, user } from './samples.js';

const MAIN = keeper(cache());
const NEXT = keeper(cache(), { id: 'id-next', name: `${MAIN.name}.next` });
const SEED = keeper(cache(), { id: 'id-seed', name: `${MAIN.name}.seed` });
const OTHER = keeper(cache(), { id: 'id-other', name: 'kalpana-nix-keeper-other' });

const labelled = (container: ObservedContainer, label: string, value: string): ObservedContainer => ({
  ...container,
  labels: { ...container.labels, [label]: value },
});
const viewOf = (...listed: readonly ObservedContainer[]) => ({
  containers: new Map(listed.map((container) => [container.id, container])),
});

describe('the caches with a keeper on the engine', () => {
  it.each<{ what: string; listed: readonly ObservedContainer[]; caches: readonly string[] }>([
    { what: 'one each', listed: [MAIN, OTHER], caches: ['team', 'other'] },
    { what: 'a next one alone, after a controller was killed', listed: [NEXT], caches: ['team'] },
    { what: "another instance's", listed: [labelled(MAIN, LABEL.cacheOwner, 'other')], caches: [] },
    { what: 'one made from the defaults', listed: [keeper(cache({}, { implicit: true }))], caches: [] },
    { what: 'a container that only has such a name', listed: [labelled(MAIN, LABEL.type, 'seed')], caches: [] },
    { what: 'one under a foreign name', listed: [{ ...MAIN, name: 'keeper' }], caches: [] },
    { what: 'a workspace', listed: [user('workspace-alice')], caches: [] },
  ])('$what: $caches', ({ listed, caches }) => {
    expect(cachesWithKeeper(viewOf(...listed), 'default')).toEqual(caches);
  });
});

describe('the listed keeper of a cache', () => {
  it.each<{ what: string; listed: readonly ObservedContainer[]; id: string | undefined }>([
    { what: 'is the one of its name', listed: [OTHER, MAIN], id: MAIN.id },
    { what: 'is not the one that is about to replace it', listed: [NEXT, MAIN], id: MAIN.id },
    { what: 'is not the one that filled its volume', listed: [SEED, MAIN], id: MAIN.id },
    { what: 'is missing while only others are there', listed: [NEXT, SEED, OTHER], id: undefined },
  ])('$what', ({ listed, id }) => {
    expect(keeperOf('team', viewOf(...listed))?.id).toBe(id);
  });
});
