import { describe, expect, it } from '@jest/globals';
import { cacheEnvironment } from '../../../controller/plan/environment.js';
import { Secret } from '../../../controller/model/secret.js';
import { planWorkspace } from '../../../controller/plan/workspace.js';
import { alice, cacheObservation as seen, container, inputOf, textOf } from './samples.js';

const packages = { packages: ['hello', 'tool'] };
const desired = alice(packages);

const DOWN = { reason: 'KeeperNotReady', message: 'the keeper is down' } as const;
const MISSING = { reason: 'PackageNotFound', message: "'tool' is not in /nixpkgs" } as const;
const ASK = 'realise environment of alice in cache default (hello, tool)';
const WAIT = 'wait until the packages of alice are in place  # nothing starts before its packages are there\n';
const CREATE = 'create container workspace-alice from app:1  # the container workspace-alice does not exist\n';
const START = 'start workspace-alice  # the container workspace-alice does not exist\n';
const PREPARE =
  'prepare /workspace of workspace-alice for Nix profiles  # nix-env and nix profile keep their profiles in the data volume\n';
const up = container(desired);
const exited = container(desired, { state: 'exited' });

const CASES: readonly [string, Parameters<typeof inputOf>[0], string][] = [
  [
    'a cold start fetches before there is a container',
    { desired, world: { cache: seen({ profile: 'none', isRealised: false, profilePackages: null }) } },
    `${ASK}  # the workspace has no profile in the cache yet\n${WAIT}${CREATE}${START}${PREPARE}`,
  ],
  [
    'a warm start links while the container is made',
    { desired, world: { cache: seen({ profile: 'none', profilePackages: null }) } },
    `${ASK}  # the workspace has no profile in the cache yet\n${CREATE}${WAIT}${START}${PREPARE}`,
  ],
  [
    'with everything in place there is nothing to ask',
    { desired, world: { cache: seen() } },
    `${CREATE}${START}${PREPARE}`,
  ],
  [
    'while it is fetched',
    { desired, world: { cache: seen({ profile: 'none', progress: 'fetching x', isRealised: false }) } },
    `${WAIT}${CREATE}${START}${PREPARE}`,
  ],
  [
    'a package that is not there holds the creation',
    { desired, world: { cache: seen({ profile: 'none', failure: MISSING }) } },
    `= PackageNotFound: 'tool' is not in /nixpkgs\n`,
  ],
  [
    'a keeper that is down holds the creation',
    { desired, world: { cache: seen({ profile: 'unknown', unavailable: DOWN }) } },
    '= KeeperNotReady: the keeper is down\n',
  ],
  [
    'a keeper that is down does not hold a workspace without packages',
    { desired: alice(), world: { cache: seen({ profile: 'unknown', unavailable: DOWN }) } },
    `${CREATE}${START}${PREPARE}`,
  ],
  [
    'changed packages come into the running container',
    { desired, containers: [up], world: { cache: seen({ profile: 'old', profilePackages: ['hello', 'vim'] }) } },
    `${ASK}  # packages: + tool, - vim\n${WAIT}`,
  ],
  [
    'another nixpkgs',
    { desired, containers: [up], world: { cache: seen({ profile: 'old' }) } },
    `${ASK}  # packages: the nixpkgs of the cache changed\n${WAIT}`,
  ],
  [
    'a failed change leaves the old environment',
    { desired, containers: [up], world: { cache: seen({ profile: 'old', failure: MISSING }) } },
    `= PackageNotFound: 'tool' is not in /nixpkgs (serving)\n`,
  ],
  [
    'a failed change is tried again',
    {
      desired,
      containers: [up],
      world: {
        cache: seen({ profile: 'old', failure: { reason: 'PackageFetchFailed', message: 'down' }, retryMs: 700 }),
      },
    },
    `= PackageFetchFailed: down (serving), again after 700 ms\n`,
  ],
  [
    'a keeper that is down leaves a running workspace alone',
    { desired, containers: [up], world: { cache: seen({ unavailable: DOWN }) } },
    '= ready\n',
  ],
  [
    'a stopped container starts on what its profile holds',
    { desired, containers: [exited], world: { cache: seen({ profile: 'old', failure: MISSING }) } },
    'start workspace-alice  # state: exited -> running\n',
  ],
  [
    'a stopped container starts although the keeper is down',
    { desired, containers: [exited], world: { cache: seen({ profile: 'unknown', unavailable: DOWN }) } },
    'start workspace-alice  # state: exited -> running\n',
  ],
  [
    'a stopped container whose profile is gone waits for it',
    { desired, containers: [exited], world: { cache: seen({ profile: 'none', unavailable: DOWN }) } },
    '= KeeperNotReady: the keeper is down\n',
  ],
  [
    'the cache is being emptied',
    {
      desired,
      containers: [up],
      world: { cache: seen({ mustStop: true, unavailable: { reason: 'CacheClearing', message: 'emptied' } }) },
    },
    'stop workspace-alice  # the cache is being emptied\n= CacheClearing: emptied\n',
  ],
  [
    'the cache is being emptied and it is down',
    {
      desired,
      containers: [exited],
      world: { cache: seen({ mustStop: true, unavailable: { reason: 'CacheClearing', message: 'emptied' } }) },
    },
    '= CacheClearing: emptied\n',
  ],
  [
    'an image with a store of its own',
    { desired: alice(), world: { cache: seen({ image: 'own' }) } },
    `import the Nix store of app:1 into cache default  # the image brings a Nix store of its own\n${CREATE}${START}${PREPARE}`,
  ],
  [
    'an image with a store of its own, not trusted',
    { desired: alice(), world: { cache: seen({ image: 'refused' }) } },
    '= ImageNotTrusted: the image app:1 brings a Nix store of its own, which the cache at /nix would hide\n',
  ],
  [
    'an image with a store of its own, and no keeper',
    { desired: alice(), world: { cache: seen({ image: 'own', unavailable: DOWN }) } },
    '= KeeperNotReady: the keeper is down\n',
  ],
  [
    'stopped stays stopped',
    {
      desired: alice({ ...packages, state: 'Stopped' }),
      containers: [exited],
      world: { cache: seen({ profile: 'old' }) },
    },
    '= stopped\n',
  ],
];

describe('packages in the plan of a workspace', () => {
  it.each(CASES)('%s', (_what, situation, expected) => {
    expect(textOf(planWorkspace(inputOf(situation)))).toBe(expected);
  });

  it("puts the profile before the image's PATH, and people's own profiles behind it", () => {
    const own = [{ name: 'A', value: '1' }];
    expect(cacheEnvironment('alice', '/data', own, '/opt/bin:/bin')).toEqual([
      {
        name: 'PATH',
        value:
          '/nix/var/nix/profiles/kalpana/alice/bin:/opt/bin:/bin:/data/.local/state/nix/profiles/profile/bin:/data/.local/state/nix/profiles/per-user/root/profile/bin',
      },
      { name: 'NIX_REMOTE', value: 'daemon' },
      { name: 'NIX_DAEMON_SOCKET_PATH', value: '/nix/var/nix/daemon-socket/socket' },
      { name: 'NIX_STATE_DIR', value: '/data/.local/state/nix' },
      { name: 'XDG_STATE_HOME', value: '/data/.local/state' },
      { name: 'NIX_CONFIG', value: 'extra-experimental-features = nix-command flakes' },
      ...own,
    ]);
  });

  it.each([
    ["the spec's PATH", [{ name: 'PATH', value: '/mine' }], '/image', ':/mine'],
    ['an image without one', [], null, ':/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
    ['what the spec says else', [{ name: 'NIX_CONFIG', value: 'x = y' }], '/image', ':/image'],
  ])('respects %s', (_what, own, image, end) => {
    const made = cacheEnvironment('alice', '/workspace', own, image);
    expect(made.filter(({ name }) => name === 'PATH')).toEqual([
      { name: 'PATH', value: expect.stringMatching(new RegExp(`/alice/bin${end}:/workspace/`)) },
    ]);
    expect(new Set(made.map(({ name }) => name)).size).toBe(made.length);
    for (const variable of own.filter(({ name }) => name !== 'PATH')) expect(made).toContainEqual(variable);
  });

  it('keeps a secret PATH secret', () => {
    const [path] = cacheEnvironment('alice', '/workspace', [{ name: 'PATH', value: new Secret('/hidden') }], null);
    expect([JSON.stringify(path), (path?.value as Secret).reveal()]).toEqual([
      '{"name":"PATH","value":"[secret]"}',
      expect.stringMatching(/\/alice\/bin:\/hidden:/),
    ]);
  });
});
