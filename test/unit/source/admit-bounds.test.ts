import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { CacheConfig } from '../../../controller/model/desired.js';
import { cache, createFixture, type Fixture } from './fixture.js';

let fixture: Fixture;
beforeEach(() => {
  fixture = createFixture();
});
afterEach(() => fixture.clean());

describe('the bounds of a keeper with', () => {
  it.each<[string, object, string]>([
    ['a short timeout', { builds: { timeout: '9s' } }, 'builds.timeout: "9s" is too short: at least "10s"'],
    ['no timeout', { builds: { timeout: '0s' } }, 'builds.timeout: "0s" is too short: at least "10s"'],
    ['a long timeout', { builds: { timeout: '8d' } }, 'builds.timeout: "8d" is too long: at most "7d"'],
    ['an endless silence', { builds: { maxSilent: '61m' } }, 'builds.maxSilent: "61m" is too long: at most "1h"'],
    ['no silence', { builds: { maxSilent: '1s' } }, 'builds.maxSilent: "1s" is too short: at least "10s"'],
    ['words', { builds: { timeout: 'long' } }, 'builds.timeout: "long" is not a duration; use e.g. "30m" or "7d"'],
    ['little memory', { resources: { memory: '255Mi' } }, 'resources.memory: "255Mi" is too small: at least "256Mi"'],
    ['all memory', { resources: { memory: '9999Ti' } }, 'resources.memory: "9999Ti" is too large'],
    ['few processes', { resources: { pids: 511 } }, 'resources.pids: 511 is too small: at least 512'],
    ['no core', { resources: { cpus: 0 } }, 'resources.cpus: 0 is too small: at least 0.01'],
  ])('%s are refused with the remedy', async (_what, spec, message) => {
    expect(await fixture.messagesOf(cache('default', spec))).toEqual([`spec.${message}`]);
  });

  it.each<[string, object]>([
    ['the least of all', { builds: { timeout: '10s', maxSilent: '10s' }, resources: { memory: '256Mi', pids: 512 } }],
    ['the most of all', { builds: { timeout: '7d', maxSilent: '1h' }, resources: { memory: '8191Ti', cpus: 4096 } }],
  ])('%s are accepted', async (_what, spec) => {
    expect(await fixture.messagesOf(cache('default', spec))).toEqual([]);
  });
});

it('what a spec says of bounds is resolved, and the rest has its default', async () => {
  fixture.write('cache.json', cache('team', { builds: { timeout: '2h' }, resources: { cpus: 1.5, memory: '4Gi' } }));
  const config = (await fixture.create().scan()).caches.get('team')?.config;
  expect(config).toMatchObject({
    builds: { timeoutMs: 7_200_000, maxSilentMs: 3_600_000 },
    resources: { nanoCpus: 1.5e9, memoryBytes: 2 ** 32, pids: 16_384 },
  } satisfies Partial<CacheConfig>);
});
