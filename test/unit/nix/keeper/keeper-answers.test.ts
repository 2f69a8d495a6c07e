import { describe, expect, it } from '@jest/globals';
import { inventoryFrom, realisedFrom, storeSizeFrom } from '../../../../controller/nix/keeper/keeper-answers.js';

const path = (name: string) => `/nix/store/djjxv3pda7r3hh3lrkcq4bwaji4x35av-${name}`;

describe('an inventory', () => {
  it('tells the version, the profiles, the environments with their packages, and the images', () => {
    expect(
      inventoryFrom([
        'version 2.26.3',
        `profile alice ${path('kalpana-env-a')}`,
        `profile .prewarm ${path('kalpana-env-b')}`,
        `environment ${path('kalpana-env-a')} 12 3456 git python3Packages.requests`,
        `environment ${path('kalpana-env-b')} 3 10 `,
        'image 0123abcd',
      ]),
    ).toEqual({
      nixVersion: '2.26.3',
      profiles: new Map([
        ['alice', path('kalpana-env-a')],
        ['.prewarm', path('kalpana-env-b')],
      ]),
      environments: new Map([
        [
          path('kalpana-env-a'),
          { path: path('kalpana-env-a'), paths: 10, bytes: 3456, packages: ['git', 'python3Packages.requests'] },
        ],
        [path('kalpana-env-b'), { path: path('kalpana-env-b'), paths: 1, bytes: 10 }],
      ]),
      images: new Set(['0123abcd']),
    });
  });

  it.each([
    ['no line at all', []],
    ['empty lines', ['', ' ']],
    ['words of another release', ['profiles 3', 'weather fine']],
    ['a line that is cut in its first word', ['versi']],
  ])('of %s holds nothing', (_what, lines) => {
    expect(inventoryFrom(lines)).toEqual({
      nixVersion: 'unknown',
      profiles: new Map(),
      environments: new Map(),
      images: new Set(),
    });
  });

  it.each([
    ['without its numbers', `environment ${path('env')}`, 0, 0],
    ['with words for numbers', `environment ${path('env')} many bytes`, 0, 0],
    ['of fewer paths than its own two', `environment ${path('env')} 1 5`, 0, 5],
    ['with numbers below 0', `environment ${path('env')} -7 -1`, 0, 0],
    ['with a number that is none', `environment ${path('env')} NaN Infinity`, 0, 0],
  ])('with an environment %s counts what it can', (_what, line, paths, bytes) => {
    expect(inventoryFrom([line]).environments.get(path('env'))).toEqual({ path: path('env'), paths, bytes });
  });
});

describe('a realisation', () => {
  const environment = path('kalpana-env-a');
  const closure = [
    `closure 100 ${path('hello')}`,
    `closure 20 ${path('libc')}`,
    `closure 7 ${environment}`,
    `closure 1 ${path('kalpana-env-a-manifest')}`,
  ];

  it('tells apart what was there, what was fetched and what was built; the environment itself is none of it', () => {
    const lines = [...closure, `closure 50 ${path('own')}`, `built 50 ${path('own')}`, `environment ${environment}`];
    expect(realisedFrom(lines, new Map([[path('hello'), 0]]))).toEqual({
      environment: { path: environment, paths: 3, bytes: 170 },
      fetched: new Map([[path('hello'), 100]]),
      built: new Map([[path('own'), 50]]),
      hit: new Map([[path('libc'), 20]]),
    });
  });

  it('counts what only the builds needed by its download', () => {
    const fetched = new Map([[path('compiler'), 900]]);
    expect(realisedFrom([...closure, `environment ${environment}`], fetched)).toMatchObject({
      environment: { paths: 2, bytes: 120 },
      fetched: new Map([[path('compiler'), 900]]),
    });
  });

  it('counts what was fetched as fetched, though its derivation was named as built too', () => {
    const lines = [...closure, `built 100 ${path('hello')}`, `environment ${environment}`];
    const { built, fetched } = realisedFrom(lines, new Map([[path('hello'), 100]]));
    expect([built, fetched]).toEqual([new Map(), new Map([[path('hello'), 100]])]);
  });

  it('does not count the download of the environment', () => {
    expect(realisedFrom(closure, new Map([[environment, 7]])).fetched).toEqual(new Map());
  });

  it.each([
    ['nothing', [], 0, 0],
    ['a path without its size', [`closure ${path('hello')}`], 0, 0],
    ['a size that is none', [`closure big ${path('hello')}`], 1, 0],
    ['a size without its path', ['closure 100 '], 0, 0],
  ])('that tells %s has no path and no packages', (_what, lines, paths, bytes) => {
    expect(realisedFrom(lines, new Map()).environment).toEqual({ path: '', paths, bytes });
  });
});

describe('a measurement', () => {
  it.each([
    ['store 2 30', { bytes: 2048, paths: 30 }],
    ['store', { bytes: 0, paths: 0 }],
    ['store du: ls:', { bytes: 0, paths: 0 }],
  ])('%j is %j', (line, size) => expect(storeSizeFrom([line])).toEqual(size));

  it('of no line is 0', () => expect(storeSizeFrom([])).toEqual({ bytes: 0, paths: 0 }));
});
