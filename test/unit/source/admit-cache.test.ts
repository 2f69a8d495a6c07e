import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { CacheConfig } from '../../../controller/model/desired.js';
import { DEFAULT_NIXPKGS_RELEASE, nixpkgsAddress } from '../../../controller/model/nixpkgs-releases.js';
import { formatProblem } from '../../../controller/source/parse/problem.js';
import { validatePaths } from '../../../controller/source/validate-paths.js';
import { cache, createFixture, workspace } from './fixture.js';
import type { Fixture } from './fixture.js';

let fixture: Fixture;
beforeEach(() => {
  fixture = createFixture();
});
afterEach(() => fixture.clean());

const messagesOf = (object: object): Promise<string[]> => fixture.messagesOf(object);

const bind = (target: string) => ({ type: 'bind', source: '/srv', target });
const key = 'lab-1:6NCHdD59X431o0gWypbMrAURkbJ16ZPMQFGspcDShjY=';
const word = 'is not one word of nix.conf: use printable ASCII characters, without white space and "#"';
const store =
  'is not the address of a binary cache: use http://, https://, s3://, ssh:// or ssh-ng:// and a host, or file:/// and a plain path';
const publicKey =
  'is not a public key: use its name, ":" and 32 bytes in base64, as nix-store --generate-binary-cache-key writes it';
const pattern =
  'is neither the id of an image nor a reference with "*" for anything: use e.g. "sha256:…" or "registry.example.com/team/*"';
const imageId = 'is not the id of an image: use "sha256:" and 64 hexadecimal digits, as docker image inspect shows it';
const networkRemedy = 'use "kalpana-keepers", "bridge", "none", or the name of a network on the engine';
const pkg =
  'is not a package: use an attribute of nixpkgs such as "python3Packages.requests", a flake reference such as "github:owner/repository#attribute", or a store path';
const path =
  'is neither an http or https address nor a plain absolute path: use e.g. "https://example.com/nixpkgs.tar.gz" or "/mnt/nixpkgs"';
const own = 'belongs to the keeper: mount elsewhere, e.g. below "/mnt"';

describe('a cache with', () => {
  it.each<[string, object, string]>([
    [
      'a field of another release',
      { backup: {} },
      'spec.backup: unknown field; remove it; known here: image, nixpkgs, substituters, trustedPublicKeys, requireSignatures, sandbox, trustedImages, network, mounts, prewarm, builds, resources, gc, verify',
    ],
    ['a misspelt field', { substituter: [] }, 'spec.substituter: unknown field; did you mean "substituters"?'],
    [
      'a field of a workspace',
      { packages: [] },
      'spec.packages: unknown field; remove it; known here: image, nixpkgs, substituters, trustedPublicKeys, requireSignatures, sandbox, trustedImages, network, mounts, prewarm, builds, resources, gc, verify',
    ],
    ['a switch as a text', { sandbox: 'true' }, 'spec.sandbox: must be true or false, not a text in quotes'],
    [
      'an image in capitals',
      { image: 'Keeper' },
      'spec.image: "Keeper" has upper-case letters in its repository: write "keeper"',
    ],
    ['nixpkgs by another scheme', { nixpkgs: 'ftp://example.com/x' }, `spec.nixpkgs: "ftp://example.com/x" ${path}`],
    ["nixpkgs as a channel's name", { nixpkgs: 'nixos-25.05' }, `spec.nixpkgs: "nixos-25.05" ${path}`],
    ['nixpkgs with a quote', { nixpkgs: 'https://example.com/"x' }, `spec.nixpkgs: "https://example.com/"x" ${path}`],
    [
      'nixpkgs with an interpolation',
      { nixpkgs: 'https://example.com/${x}' },
      `spec.nixpkgs: "https://example.com/\${x}" ${path}`,
    ],
    ['nixpkgs up the tree', { nixpkgs: '/nix/../etc' }, `spec.nixpkgs: "/nix/../etc" ${path}`],
    [
      'nixpkgs in no mount',
      { nixpkgs: '/mnt/nixpkgs' },
      'spec.nixpkgs: "/mnt/nixpkgs" lies in none of the cache\'s mounts: add it to "mounts"',
    ],
    [
      'nixpkgs beside a mount',
      { nixpkgs: '/mnt/nixpkgs', mounts: [bind('/mnt/nix')] },
      'spec.nixpkgs: "/mnt/nixpkgs" lies in none of the cache\'s mounts: add it to "mounts"',
    ],
    [
      'a substituter without a scheme',
      { substituters: ['cache.nixos.org'] },
      `spec.substituters[0]: "cache.nixos.org" ${store}`,
    ],
    ['a substituter without a host', { substituters: ['https://'] }, `spec.substituters[0]: "https://" ${store}`],
    ['the daemon as a substituter', { substituters: ['daemon'] }, `spec.substituters[0]: "daemon" ${store}`],
    [
      'a local store as a substituter',
      { substituters: ['local?root=/'] },
      `spec.substituters[0]: "local?root=/" ${store}`,
    ],
    [
      'a file substituter with a host',
      { substituters: ['file://host/x'] },
      `spec.substituters[0]: "file://host/x" ${store}`,
    ],
    [
      'a file substituter up the tree',
      { substituters: ['file:///mnt/../x'], mounts: [bind('/mnt')] },
      `spec.substituters[0]: "file:///mnt/../x" ${store}`,
    ],
    [
      'an escaped file substituter',
      { substituters: ['file:///mnt/%2e%2e/x'], mounts: [bind('/mnt')] },
      `spec.substituters[0]: "file:///mnt/%2e%2e/x" ${store}`,
    ],
    [
      'a file substituter in no mount',
      { substituters: ['file:///mnt/cache?priority=1'] },
      'spec.substituters[0]: "file:///mnt/cache?priority=1" lies in none of the cache\'s mounts: add "/mnt/cache" to "mounts"',
    ],
    [
      'a password in a substituter',
      { substituters: ['https://me:hunter2@example.com'] },
      'spec.substituters[0]: holds a password, which every build in the keeper could read: use an address without one',
    ],
    [
      'a token in a substituter',
      { substituters: ['https://hunter2@example.com'] },
      'spec.substituters[0]: holds a password, which every build in the keeper could read: use an address without one',
    ],
    [
      'a password in nixpkgs',
      { nixpkgs: 'https://me:hunter2@example.com/n.tar.gz' },
      'spec.nixpkgs: holds a password, which every build in the keeper could read: use an address without one',
    ],
    [
      'a substituter that needs no signature',
      { substituters: ['https://example.com?priority=1&trusted=true'] },
      'spec.substituters[0]: "https://example.com?priority=1&trusted=true" accepts unsigned paths by its setting "trusted": remove that, or set "requireSignatures": false',
    ],
    [
      'the same in disguise',
      { substituters: ['https://example.com?%74rusted=1'] },
      'spec.substituters[0]: "https://example.com?%74rusted=1" accepts unsigned paths by its setting "trusted": remove that, or set "requireSignatures": false',
    ],
    [
      'a key without a name',
      { trustedPublicKeys: [key.slice(5)] },
      `spec.trustedPublicKeys[0]: "${key.slice(5)}" ${publicKey}`,
    ],
    [
      'a cut key',
      { trustedPublicKeys: ['lab-1:6NCHdD59'] },
      `spec.trustedPublicKeys[0]: "lab-1:6NCHdD59" ${publicKey}`,
    ],
    [
      'a secret key',
      { trustedPublicKeys: [`lab:${'A'.repeat(86)}==`] },
      `spec.trustedPublicKeys[0]: "lab:${'A'.repeat(56)}…" ${publicKey}`,
    ],
    [
      'signatures and no key',
      { trustedPublicKeys: [] },
      'spec.trustedPublicKeys: is empty, and nothing that a substituter offers would be accepted: add the key of each, or set "requireSignatures": false',
    ],
    ['an image pattern in capitals', { trustedImages: ['Kalpana'] }, `spec.trustedImages[0]: "Kalpana" ${pattern}`],
    ['an image pattern with an alternative', { trustedImages: ['{a,b}'] }, `spec.trustedImages[0]: "{a,b}" ${pattern}`],
    [
      "the beginning of an image's id",
      { trustedImages: ['sha256:0123456789ab'] },
      `spec.trustedImages[0]: "sha256:0123456789ab" ${imageId}`,
    ],
    [
      "an image's id in capitals",
      { trustedImages: [`sha256:${'A'.repeat(64)}`] },
      `spec.trustedImages[0]: "sha256:${'A'.repeat(53)}…" ${imageId}`,
    ],
    ['every id', { trustedImages: ['sha256:*'] }, `spec.trustedImages[0]: "sha256:*" ${imageId}`],
    ['an empty image pattern', { trustedImages: [''] }, `spec.trustedImages[0]: "" ${word}`],
    [
      "the host's network",
      { network: 'host' },
      `spec.network: "host" would let builds reach what others listen on for themselves: ${networkRemedy}`,
    ],
    [
      "another container's network",
      { network: 'container:abc' },
      `spec.network: "container:abc" would let builds reach what others listen on for themselves: ${networkRemedy}`,
    ],
    ['an empty network', { network: '' }, `spec.network: "" is not the name of a network: ${networkRemedy}`],
    [
      'two mounts at one place',
      { mounts: [bind('/mnt'), bind('/mnt')] },
      'spec.mounts[1].target: "/mnt" is taken by spec.mounts[0]: mount elsewhere',
    ],
    [
      'a volume',
      { mounts: [{ ...bind('/mnt'), type: 'volume' }] },
      'spec.mounts[0].type: "volume" is unknown; use "bind"',
    ],
    ['a bad package', { prewarm: ['git', 'a b'] }, `spec.prewarm[1]: "a b" ${pkg}`],
    ['a package twice', { prewarm: ['git', 'git'] }, 'spec.prewarm[1]: "git" stands twice: remove one of them'],
  ])('%s is refused with the remedy', async (_what, spec, message) => {
    expect(await messagesOf(cache('default', spec))).toEqual([message]);
  });

  it.each([
    '/nix',
    '/nix/store',
    '/proc',
    '/proc/1',
    '/sys',
    '/sys/fs',
    '/dev',
    '/dev/shm',
    '/etc',
    '/bin',
    '/usr',
    '/tmp',
  ])('a mount over %s is refused', async (target) => {
    expect(await messagesOf(cache('default', { mounts: [bind(target)] }))).toEqual([
      `spec.mounts[0].target: "${target}" ${own}`,
    ]);
  });

  /** What would begin a setting of its own in nix.conf, or end the one it stands in. */
  const injections = [
    '\nsandbox = false',
    ' x',
    '\t',
    '\r',
    '#',
    '\u0000',
    '\u000b',
    '\u0085',
    '\u00a0',
    '\u2028',
    '\ufeff',
    '\u001b[31m',
    'é',
  ];
  const fields: [string, (text: string) => object][] = [
    ['nixpkgs', (text) => ({ nixpkgs: `https://example.com/${text}` })],
    ['a path of nixpkgs', (text) => ({ nixpkgs: `/nix/${text}` })],
    ['a substituter', (text) => ({ substituters: [`https://example.com${text}`] })],
    ['a file substituter', (text) => ({ substituters: [`file:///nix/x${text}`] })],
    ["a substituter's setting", (text) => ({ substituters: [`s3://bucket?region=${text}`] })],
    ['a key', (text) => ({ trustedPublicKeys: [`${key}${text}`] })],
    ["a key's name", (text) => ({ trustedPublicKeys: [`${text}${key}`] })],
    ['an image pattern', (text) => ({ trustedImages: [`kalpana/*${text}`] })],
    ["an image's id", (text) => ({ trustedImages: [`sha256:${'a'.repeat(64)}${text}`] })],
    ['the network', (text) => ({ network: `bridge${text}` })],
    ['the image', (text) => ({ image: `keeper${text}` })],
    ['a package', (text) => ({ prewarm: [`git${text}`] })],
  ];
  it.each(
    fields.flatMap(([what, make]) => injections.map((text) => [what, JSON.stringify(text), make(text)] as const)),
  )('%s and %s in it is refused', async (_what, _text, spec) => {
    const messages = await messagesOf(cache('default', spec));
    expect(messages).toHaveLength(1);
    expect(messages[0]).toMatch(/^([\x20-\x7e]|…|é|\u00a0)+$/);
  });

  it.each<[string, object | undefined]>([
    ['no spec', undefined],
    ['an empty spec', {}],
    [
      'every field',
      {
        image: 'registry:5000/keeper:1',
        nixpkgs: '/mnt/nixpkgs',
        requireSignatures: true,
        sandbox: true,
        network: 'lab_net.1',
        substituters: [
          'https://cache.nixos.org',
          'http://10.0.0.1:8080/x?priority=10',
          'file:///mnt/nixpkgs',
          'file:///nix/x?priority=1',
          's3://bucket?region=eu-1&endpoint=x.y',
          'ssh://user@host',
          'ssh-ng://host',
        ],
        trustedPublicKeys: [key],
        trustedImages: ['team/*', '*', 'debian:*', 'registry:5000/*/x:1.*', 'x@sha256:*', `sha256:${'0a'.repeat(32)}`],
        prewarm: ['git', 'nixpkgs#hello'],
        mounts: [{ ...bind('/mnt'), readOnly: true }, bind('/etc/ssl/extra')],
      },
    ],
    ['no substituter and no key', { substituters: [], trustedPublicKeys: [] }],
    ['a user of ssh', { substituters: ['ssh://nix@example.com'] }],
    [
      'no key and no signatures',
      { trustedPublicKeys: [], requireSignatures: false, substituters: ['https://example.com?trusted=1'] },
    ],
    ['a channel', { nixpkgs: '/nix/var/nix/profiles/per-user/root/channels/nixpkgs' }],
    ['no network', { network: 'none' }],
  ])('%s is accepted', async (_what, spec) => {
    expect(await messagesOf(cache('default', spec))).toEqual([]);
  });

  it('missing fields names them in one problem, at its place', async () => {
    const file = fixture.write('cache.json', '{\n  "kind": "NixCache",\n  "spec": { "network": "host" }\n}');
    expect((await validatePaths([file])).problems.map(formatProblem)).toEqual([
      `${file}:1:1: "apiVersion" and "metadata" are missing: add them`,
    ]);
  });

  it('a fault tells file, line and column of it', async () => {
    const file = fixture.write('cache.json', cache('lab', { network: 'host', substituters: ['https://a', 'b'] }));
    expect((await validatePaths([file])).problems.map(formatProblem)).toEqual([
      `${file}:8:16: spec.network: "host" would let builds reach what others listen on for themselves: ${networkRemedy}`,
      `${file}:11:7: spec.substituters[1]: "b" ${store}`,
    ]);
  });
});

describe('a workspace with', () => {
  it.each<[string, object, string[]]>([
    [
      'packages and no cache',
      { cache: false, packages: ['git'] },
      ['spec.packages: "packages" need a cache: remove "cache": false or the packages'],
    ],
    [
      'a package twice',
      { packages: ['git', 'jq', 'git'] },
      ['spec.packages[2]: "git" stands twice: remove one of them'],
    ],
    ['a bad package', { packages: ['git', 'a b'] }, [`spec.packages[1]: "a b" ${pkg}`]],
    [
      'what lies in a store path',
      { packages: [`/nix/store/${'0'.repeat(32)}-x/bin`] },
      [
        `spec.packages[0]: "/nix/store/${'0'.repeat(32)}-x/bin" is not a store path: write /nix/store/, 32 characters of its hash, "-" and the name, and nothing below it`,
      ],
    ],
    [
      'a package beyond all measure',
      { packages: ['a'.repeat(1025)] },
      ['spec.packages[0]: is too long: at most 1024 characters'],
    ],
    [
      'too many packages',
      { packages: Array.from({ length: 257 }, (_, index) => `a${index}`) },
      ['spec.packages: has too many entries: at most 256'],
    ],
    ['a text for packages', { packages: 'git' }, ['spec.packages: must be a list, not a text in quotes']],
    [
      'NIX_REMOTE',
      { env: [{ name: 'NIX_REMOTE', value: '' }] },
      ['spec.env[0].name: "NIX_REMOTE" is set by the controller: remove it, or set "cache": false'],
    ],
    [
      'a field of a cache',
      { substituters: [] },
      [expect.stringContaining('spec.substituters: unknown field; remove it; known here: image') as unknown as string],
    ],
  ])('%s is refused with the remedy', async (_what, spec, messages) => {
    expect(await messagesOf(workspace('alice', spec))).toEqual(messages);
  });
});

describe('another kind', () => {
  it.each([
    ['Nixcache', 'did you mean "NixCache"?'],
    ['workspace', 'did you mean "Workspace"?'],
    ['Lists', 'did you mean "List"?'],
    ['Deployment', 'use "Workspace" or "NixCache"'],
  ])('%s is refused with what may be meant', async (kind, remedy) => {
    expect(await messagesOf({ ...cache('default'), kind })).toEqual([`kind: "${kind}" is unknown; ${remedy}`]);
  });
});

describe('an object', () => {
  it.each<[string, unknown, string]>([
    ['without a kind', undefined, '"kind" is missing: add "Workspace" or "NixCache"'],
    ['whose kind is no text', 5, 'kind: must be "Workspace" or "NixCache"'],
  ])('%s is told that first', async (_what, kind, message) => {
    expect(await messagesOf({ ...cache('default', { backup: {} }), kind })).toEqual([message]);
  });
});

describe('a resolved cache', () => {
  const config = async (spec?: object): Promise<CacheConfig | undefined> => {
    fixture.write('cache.json', cache('lab', spec));
    return (await fixture.create({ stateDir: null }).scan()).caches.get('lab')?.config;
  };

  it('has every default filled in', async () => {
    const defaults: CacheConfig = {
      image: 'kalpana/nix-keeper:latest',
      nixpkgs: nixpkgsAddress(DEFAULT_NIXPKGS_RELEASE),
      substituters: ['https://cache.nixos.org'],
      trustedPublicKeys: ['cache.nixos.org-1:6NCHdD59X431o0gWypbMrAURkbJ16ZPMQFGspcDShjY='],
      requireSignatures: true,
      sandbox: false,
      trustedImages: [],
      network: 'kalpana-keepers',
      mounts: [],
      prewarm: [],
      builds: { timeoutMs: 21_600_000, maxSilentMs: 3_600_000 },
      resources: { nanoCpus: 0, memoryBytes: null, pids: 16_384 },
      gc: {
        schedule: '0 4 * * *',
        timeZone: 'UTC',
        retainMs: 604_800_000,
        graceMs: 86_400_000,
        maxBytes: null,
        maxFreedPerRun: null,
        optimise: false,
        deadlineMs: 1_800_000,
        suspend: false,
      },
      verify: { schedule: '0 3 * * *', timeZone: 'UTC', share: null },
    };
    expect(await config()).toEqual(defaults);
    expect(await config({})).toEqual(defaults);
  });

  it('keeps the order of the substituters, and no other', async () => {
    expect(
      await config({
        substituters: ['https://b', 'https://a'],
        trustedImages: ['b', 'a', 'b'],
        prewarm: ['b', 'a'],
        mounts: [bind('/z'), { ...bind('/a'), readOnly: true }],
      }),
    ).toMatchObject({
      substituters: ['https://b', 'https://a'],
      trustedImages: ['a', 'b'],
      prewarm: ['a', 'b'],
      mounts: [
        { type: 'bind', source: '/srv', target: '/a', readOnly: true },
        { type: 'bind', source: '/srv', target: '/z', readOnly: false },
      ],
    });
  });
});
