import { describe, expect, it } from '@jest/globals';
import { withLastWords } from '../../../../controller/nix/keeper/last-words.js';

const failure = { reason: 'KeeperNotReady', message: 'it ended' } as const;
const container = { id: 'id-1' };
const said = (text: string) => ({ tailContainer: async () => text });

describe('the last words of a keeper', () => {
  it.each([
    ['the last line', 'one\ntwo', 'it ended: two'],
    ['what our script says, though more follows', 'kalpana-keeper: no nix in it\nbye', 'it ended: no nix in it'],
    ['an error, though more follows', 'Error: disk\nbye', 'it ended: Error: disk'],
    ['the last of several errors', 'error: one\nkalpana-keeper: two\nbye', 'it ended: two'],
    ['nothing', '', 'it ended'],
    ['nothing but an empty line at the end', 'bye\n', 'it ended'],
  ])('are %s', async (_what, text, message) => {
    expect(await withLastWords(said(text), failure, container, {})).toEqual({ ...failure, message });
  });

  it('change the reason when they say that the disk is full', async () => {
    const full = "error: setting journal mode: database or disk is full (in '/nix/var/nix/db/db.sqlite')";
    expect(await withLastWords(said(full), failure, container, {})).toEqual({
      reason: 'CacheDiskFull',
      message: `it ended: ${full}`,
    });
  });

  it('are cut', async () => {
    const { message } = await withLastWords(said('x'.repeat(1_000)), failure, container, {});
    expect([message.length, message.slice(0, 12)]).toEqual([400, 'it ended: xx']);
  });

  it('are none without a container, and where the engine does not tell', async () => {
    const silent = { tailContainer: () => Promise.reject(new Error('away')) };
    expect(await withLastWords(silent, failure, container, {})).toBe(failure);
    expect(await withLastWords(said('words'), failure, null, {})).toBe(failure);
  });
});
