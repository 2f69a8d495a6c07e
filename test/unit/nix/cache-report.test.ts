import { describe, expect, it } from '@jest/globals';
import type { CacheVerdict } from '../../../controller/model/cache-status.js';
import { removedReport, reportCache, reportChange } from '../../../controller/nix/cache-report.js';
import { sampleCache, type CacheFacts } from './sample-cache.js';
import { cache } from './samples.js';

const FAILURE = { reason: 'KeeperNotReady', message: 'it ended with code 1' } as const;

describe('the verdict on a cache', () => {
  it.each<{ what: string; facts: CacheFacts; verdict: CacheVerdict }>([
    { what: 'whose keeper answers', facts: {}, verdict: { kind: 'ready' } },
    {
      what: 'whose keeper does not answer yet',
      facts: { isUp: false },
      verdict: { kind: 'progressing', message: 'it is not up yet' },
    },
    {
      what: 'whose keeper failed',
      facts: { isUp: false, keeperFailure: FAILURE },
      verdict: { kind: 'failing', failure: FAILURE },
    },
    {
      what: 'whose keeper answers, but is not as it should be',
      facts: { keeperFailure: FAILURE },
      verdict: { kind: 'failing', failure: FAILURE },
    },
    {
      what: 'that is being emptied, whatever its keeper does',
      facts: { isClearing: true, keeperFailure: FAILURE },
      verdict: { kind: 'progressing', message: 'the cache is being emptied' },
    },
  ])('$what is $verdict.kind', ({ facts, verdict }) => {
    const { context, events } = sampleCache(facts);
    reportCache(context);
    expect(events).toEqual([{ type: 'reported', report: expect.objectContaining({ name: 'team', verdict }) }]);
  });
});

describe('the report of a cache', () => {
  it('is told before its workspaces are looked at', () => {
    const { context, events } = sampleCache({ workspaces: ['alice', 'bob'] });
    reportChange(context);
    expect(events).toEqual([
      { type: 'reported', report: expect.objectContaining({ workspaces: ['alice', 'bob'] }) },
      { type: 'changed', cache: 'team', workspaces: ['alice', 'bob'] },
    ]);
  });

  it.each([
    ['https://github.com/NixOS/nixpkgs/archive/refs/tags/25.05.tar.gz', '25.05'],
    ['/nixpkgs', null],
  ])('names the release of its nixpkgs, and not its address: %s', (nixpkgs, nixpkgsRelease) => {
    const { context, events } = sampleCache({ desired: cache({ nixpkgs }) });
    reportCache(context);
    expect(events).toEqual([{ type: 'reported', report: expect.objectContaining({ nixpkgsRelease }) }]);
  });

  it('is not told while no spec wants the cache, but its workspaces are looked at', () => {
    const { context, events } = sampleCache({ desired: null, workspaces: ['alice'] });
    reportChange(context);
    expect(events).toEqual([{ type: 'changed', cache: 'team', workspaces: ['alice'] }]);
  });

  it('of one that is gone says nothing but that', () => {
    const { verdict, keeper, workspaces, gc } = removedReport('team');
    expect([verdict, keeper, workspaces, gc]).toEqual([{ kind: 'removed' }, null, [], null]);
  });
});
