import { describe, expect, it } from '@jest/globals';
import { keeperDefinition, keeperHash } from '../../../../controller/nix/keeper/keeper-definition.js';
import { cache, CONFIG } from '../samples.js';

describe("the keeper's container", () => {
  it('has the least privileges (F11), no more network than its spec says, and the only read-write mount of the volume', () => {
    expect(keeperDefinition(cache({ network: 'none' }), 'me')).toMatchObject({
      network: 'none',
      ports: [],
      privileges: { capabilities: ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'SETUID', 'SETGID', 'KILL'], unconfined: false },
      mounts: [{ type: 'volume', source: 'kalpana-nix-store-team', target: '/nix', readOnly: false, noCopy: true }],
      labels: { 'kalpana.managed': 'true', 'kalpana.type': 'nix-keeper', 'kalpana.cache-owner': 'me' },
    });
  });

  it('gets what a sandbox needs when it is asked for', () => {
    expect(keeperDefinition(cache({ sandbox: true }), 'me').privileges).toEqual({
      capabilities: ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'SETUID', 'SETGID', 'KILL', 'SYS_ADMIN'],
      unconfined: true,
    });
  });

  it('builds as build users, trusts nobody and never collects by itself', () => {
    const conf = String(keeperDefinition(cache(), 'me').env[0]?.value).split('\n');
    for (const line of [
      'build-users-group = nixbld',
      'trusted-users =',
      'trusted-substituters =',
      'require-sigs = true',
      'min-free = 0',
      'sandbox = false',
    ])
      expect(conf).toContain(line);
  });

  it.each([
    ['image', { image: 'x' }, true],
    ['substituters', { substituters: [] }, true],
    ['sandbox', { sandbox: true }, true],
    ['network', { network: 'none' }, true],
    ['mounts', { mounts: [{ type: 'bind', source: '/a', target: '/b', readOnly: true }] }, true],
    ['nixpkgs', { nixpkgs: '/other' }, false],
    ['prewarm', { prewarm: ['git'] }, false],
    ['trustedImages', { trustedImages: ['team/*'] }, false],
    ['gc', { gc: { ...CONFIG.gc, schedule: '@weekly', suspend: true } }, false],
  ] as const)('%s: is another keeper: %s %s', (_what, change, isOther) => {
    expect(keeperHash({ ...CONFIG, ...change }) !== keeperHash(CONFIG)).toBe(isOther);
  });
});
