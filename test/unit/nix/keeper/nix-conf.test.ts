import { describe, expect, it } from '@jest/globals';
import type { CacheConfig } from '../../../../controller/model/desired.js';
import { nixConf } from '../../../../controller/nix/keeper/nix-conf.js';
import { CONFIG } from '../samples.js';

function settings(change: Partial<CacheConfig>): ReadonlyMap<string, string> {
  const lines = nixConf({ ...CONFIG, ...change }).split('\n');
  const rows = lines.map((line) => /^([a-z-]+) =(?: (.*))?$/.exec(line) ?? [line, '?', '?']);
  expect(new Set(rows.map(([, name]) => name)).size).toBe(lines.length);
  return new Map(rows.map(([, name = '', value = '']) => [name, value]));
}

describe('the nix.conf of a keeper', () => {
  it.each<[string, string]>([
    ['trusted-users', ''],
    ['trusted-substituters', ''],
    ['build-users-group', 'nixbld'],
    ['min-free', '0'],
    ['narinfo-cache-negative-ttl', '0'],
    ['accept-flake-config', 'false'],
    ['sandbox-fallback', 'false'],
  ])('%s is %j, whatever the spec says', (name, value) => {
    for (const change of [{}, { requireSignatures: false, sandbox: true, substituters: ['https://a', 'file:///b'] }])
      expect(settings(change).get(name)).toBe(value);
  });

  it.each<[string, Partial<CacheConfig>, string, string]>([
    ['one substituter', {}, 'substituters', 'https://cache.example.org'],
    ['several, in their order', { substituters: ['https://b', 'https://a'] }, 'substituters', 'https://b https://a'],
    ['none', { substituters: [] }, 'substituters', ''],
    ['keys', { trustedPublicKeys: ['k-1:AAA=', 'k-2:BBB='] }, 'trusted-public-keys', 'k-1:AAA= k-2:BBB='],
    ['no signatures', { requireSignatures: false }, 'require-sigs', 'false'],
    ['the time of a build', { builds: { ...CONFIG.builds, timeoutMs: 90_500 } }, 'timeout', '91'],
    ['its silence', { builds: { ...CONFIG.builds, maxSilentMs: 60_000 } }, 'max-silent-time', '60'],
    ['the sandbox', { sandbox: true }, 'sandbox', 'true'],
  ])('takes %s from the spec', (_what, change, name, value) => expect(settings(change).get(name)).toBe(value));

  it.each([
    ['a line', 'https://a\ntrusted-users = *'],
    ['a line after a return', 'https://a\rtrusted-users = *'],
    ['a word', 'https://a https://b'],
    ['a word after a tab', 'https://a\thttps://b'],
    ['a word after a space of another script', 'https://a\u00a0https://b'],
    ['a comment', 'https://a#b'],
    ['nothing', ''],
  ])('is not made of a value that would add %s', (_what, value) => {
    expect(() => nixConf({ ...CONFIG, substituters: [value] })).toThrow('is not one word of nix.conf');
    expect(() => nixConf({ ...CONFIG, trustedPublicKeys: ['k-1:AAA=', value] })).toThrow('is not one word of nix.conf');
  });
});
