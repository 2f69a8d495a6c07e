import { describe, expect, it } from '@jest/globals';
import { createNixLog, shortName, progressWords } from '../../../../controller/nix/packages/nix-log.js';

const path = (name: string) => `/nix/store/djjxv3pda7r3hh3lrkcq4bwaji4x35av-${name}`;
const line = (entry: object) => `@nix ${JSON.stringify(entry)}`;
const start = (id: number, type: number, ...fields: unknown[]) => line({ action: 'start', id, type, fields });
const result = (id: number, type: number, ...fields: unknown[]) => line({ action: 'result', id, type, fields });
const stop = (id: number) => line({ action: 'stop', id });
const MIB = 2 ** 20;

describe("Nix's log", () => {
  it('tells what is fetched, how far it is, and what came whole', () => {
    const log = createNixLog();
    for (const one of [
      start(1, 102),
      start(3, 103),
      result(3, 105, 0, 2, 1, 0),
      result(1, 106, 100, 30 * MIB),
      start(5, 100, path('big-1'), 'http://c', 'local'),
      result(5, 105, 10 * MIB, 20 * MIB, 0, 0),
    ])
      log.push(one);
    expect(progressWords(log.progress())).toBe('fetching big-1 (10.0 of 30.0 MiB, 0 of 2 paths)');
    for (const one of [
      result(5, 105, 20 * MIB - 100, 20 * MIB, 0, 0),
      stop(5),
      result(3, 105, 1, 2, 1, 0),
      start(6, 100, path('small-1'), 'http://c', 'local'),
      stop(6),
      start(7, 100, path('cut-1'), 'http://c'),
      result(7, 105, MIB, 10 * MIB, 0, 0),
      stop(7),
    ])
      log.push(one);
    expect([...log.fetched()]).toEqual([
      [path('big-1'), 20 * MIB],
      [path('small-1'), 0],
    ]);
    expect(progressWords(log.progress())).toBe('realising (21.0 of 30.0 MiB, 1 of 2 paths)');
  });

  it('tells what is built', () => {
    const log = createNixLog();
    log.push(start(5, 105, path('tool-1.0.drv'), '', 1, 1));
    expect(progressWords(log.progress())).toBe('building tool-1.0');
  });

  it.each([
    '@nix ',
    '@nix {',
    '@nix null',
    '@nix 3',
    '@nix {"action":"result","id":99,"type":105,"fields":["x"]}',
    '@nix {"action":"stop"}',
    'plain words',
    '\u0000',
  ])('survives %j', (text) => {
    const log = createNixLog();
    log.push(text);
    expect(log.progress().current).toBeNull();
  });

  it('names a path by what follows its hash', () => {
    expect([shortName(path('hello-2.12')), shortName(`${path('x.drv')}`), shortName(`${path('x')}/bin/x`)]).toEqual([
      'hello-2.12',
      'x',
      'x',
    ]);
  });
});
