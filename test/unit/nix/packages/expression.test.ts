import { describe, expect, it } from '@jest/globals';
import { keyOfPath } from '../../../../controller/nix/packages/environment-key.js';
import { ENVIRONMENT_EXPRESSION } from '../../../../controller/nix/packages/expression.js';
import { nixFailure } from '../../../../controller/nix/packages/nix-failure.js';
import { createNixLog } from '../../../../controller/nix/packages/nix-log.js';

describe('the expression of an environment', () => {
  it('names the environment so that its key can be read from its store path', () => {
    const [, name = ''] = /name = "(kalpana-env-[^"]*)"/.exec(ENVIRONMENT_EXPRESSION) ?? [];
    const key = '0123456789abcdef0123456789abcdef';
    expect(keyOfPath(`/nix/store/x-${name.replace('${request.key}', key)}`)).toBe(key);
  });

  const words = [...ENVIRONMENT_EXPRESSION.matchAll(/"(kalpana-missing: (?:[^"\\]|\\.)*)"/g)].map(([, text]) => text!);

  it('says in three places that there is no such package', () => {
    expect(words).toHaveLength(3);
  });

  it.each(words)('is understood when it says %s', (text) => {
    const log = createNixLog();
    log.push(`       error: ${text}`);
    expect(nixFailure(log, 'resolve')).toEqual({
      reason: 'PackageNotFound',
      message: text.slice('kalpana-missing: '.length),
    });
  });

  it('holds nothing of a request: it reads that from its environment', () => {
    expect(ENVIRONMENT_EXPRESSION).toContain('builtins.fromJSON (builtins.getEnv "KALPANA_REQUEST")');
    // What is left of interpolation is Nix's own.
    const interpolated = [...ENVIRONMENT_EXPRESSION.matchAll(/\$\{([^}]*)\}/g)].map(([, text]) => text);
    expect(new Set(interpolated)).toEqual(new Set(INTERPOLATED));
  });

  it.each([
    ['(', ')'],
    ['[', ']'],
    ['{', '}'],
  ])('closes every %s', (begin, end) => {
    expect(ENVIRONMENT_EXPRESSION.split(begin).length).toBe(ENVIRONMENT_EXPRESSION.split(end).length);
  });
});

/** Names that Nix binds when it evaluates the expression. */
const INTERPOLATED = [
  'request.nixpkgs',
  'request.key',
  'system',
  'key',
  'name',
  'reference',
  'output',
  'asked.name',
  'builtins.typeOf package',
  'builtins.concatStringsSep " " (map (asked: asked.name) request.packages)',
];
