import { describe, expect, it } from '@jest/globals';
import { keeperDefinition, keeperHash } from '../../../../controller/nix/keeper/keeper-definition.js';
import { cache, CONFIG } from '../samples.js';

describe("the keeper's container", () => {
  it('has the least privileges (F11), no more network than its spec says, and the only read-write mount of the volume', () => {
    expect(keeperDefinition(cache({ network: 'none' }), 'me')).toMatchObject({
      network: 'none',
      ports: [],
      privileges: { capabilities: ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'SETUID', 'SETGID', 'KILL'], namespaces: false },
      mounts: [{ type: 'volume', source: 'kalpana-nix-store-team', target: '/nix', readOnly: false, noCopy: true }],
      labels: { 'kalpana.managed': 'true', 'kalpana.type': 'nix-keeper', 'kalpana.cache-owner': 'me' },
    });
  });

  it('has bounds: processes, memory and what it keeps in memory', () => {
    expect(keeperDefinition(cache(), 'me')).toMatchObject({
      limits: { nanoCpus: 0, memoryBytes: 0, pids: 16_384 },
      memoryShare: 0.75,
      tmpfs: [
        { target: '/tmp', sizeBytes: 268_435_456, mode: '1777' },
        { target: '/run/kalpana/tmp', sizeBytes: 536_870_912, mode: '1770', gid: 29999 },
      ],
    });
    const resources = { nanoCpus: 1e9, memoryBytes: 2 ** 30, pids: 2_048 };
    const bound = keeperDefinition(cache({ resources }), 'me');
    expect(bound.limits).toEqual(resources);
    expect(bound).not.toHaveProperty('memoryShare');
    expect(bound.env).toContainEqual({ name: 'KALPANA_PIDS', value: '2048' });
  });

  it('keeps temporary files of its commands where no build can lie in wait', () => {
    const { env, tmpfs } = keeperDefinition(cache(), 'me');
    const own = env.find(({ name }) => name === 'TMPDIR')?.value;
    expect(tmpfs?.find(({ target }) => target === own)?.mode).toBe('1770');
  });

  it('gets what a sandbox needs when it is asked for', () => {
    expect(keeperDefinition(cache({ sandbox: true }), 'me').privileges).toEqual({
      capabilities: keeperDefinition(cache(), 'me').privileges?.capabilities,
      namespaces: true,
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
    ['resources', { resources: { ...CONFIG.resources, pids: 1_024 } }, true],
    ['builds', { builds: { ...CONFIG.builds, timeoutMs: 60_000 } }, true],
    ['nixpkgs', { nixpkgs: '/other' }, false],
    ['prewarm', { prewarm: ['git'] }, false],
    ['trustedImages', { trustedImages: ['team/*'] }, false],
    ['gc', { gc: { ...CONFIG.gc, schedule: '@weekly', suspend: true } }, false],
  ] as const)('%s: is another keeper: %s %s', (_what, change, isOther) => {
    expect(keeperHash({ ...CONFIG, ...change }) !== keeperHash(CONFIG)).toBe(isOther);
  });
});

it("a keeper's Nix heeds its nix.conf and nothing of the image's environment", () => {
  const env = new Map(keeperDefinition(cache(), 'me').env.map(({ name, value }) => [name, value]));
  for (const name of ['NIX_CONFIG', 'NIX_USER_CONF_FILES']) expect(env.get(name)).toBe('');
  expect(env.get('NIX_CONF_DIR')).toBe('/etc/nix');
});
